#!/bin/sh
# Slurm's prolog and epilog: run the programs of /etc/slurm/prolog.d (or epilog.d), in the order of their names.
# A prolog stops at the first that fails: the node is drained and the job goes elsewhere. An epilog runs them all.
# None of them may call Slurm: slurmctld waits for the prolog, so that a call back can hang both. They have Slurm's
# SLURM_JOB_* variables. A program that finds the node broken writes why to /run/railyard/unhealthy.
LC_ALL=C
export LC_ALL
hook=${0##*/}
status=0
for program in /etc/slurm/"$hook".d/*; do
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then
        continue
    fi
    "$program"
    code=$?
    if [ "$code" -ne 0 ]; then
        logger --tag "railyard-$hook" --priority daemon.err -- "${program##*/} ended with $code, job ${SLURM_JOB_ID:-?}"
        status=1
        if [ "$hook" = prolog ]; then
            break
        fi
    fi
done
exit "$status"

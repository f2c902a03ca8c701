#!/bin/sh
# Slurm's UnkillableStepProgram: note in the journal what the processes of a step wait for that did not end when they were
# killed. Such a process sits in the kernel, in a driver or a file system. The node is drained by Slurm afterwards.
LC_ALL=C
export LC_ALL
say() {
    logger --tag railyard-unkillable --priority daemon.err -- "job ${SLURM_JOB_ID:-?} step ${SLURM_STEP_ID:-?}: $1"
}
say "processes did not end"
for status in /proc/[0-9]*/status; do
    if grep -q '^State:[[:space:]]*D' "$status" 2>/dev/null; then
        process=${status%/status}
        say "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null | cut -c1-200) (${process#/proc/}) waits in $(cat "$process/wchan" 2>/dev/null)"
        head -n 12 "$process/stack" 2>/dev/null | logger --tag railyard-unkillable --priority daemon.err
    fi
done
exit 0

#!/bin/sh
# Slurm's HealthCheckProgram. slurmd gives it next to no environment, and vendors' tools are found on the path.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
exec /usr/bin/python3 -IS /usr/lib/railyard/railyard-agent.pyz health "$@"

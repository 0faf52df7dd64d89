import type { HostCommand } from '../../deploy/host-session.ts'
import { defineRead } from '../../deploy/read-commands.ts'
import { defineWrite, EXIT, OURS } from '../../deploy/write-commands.ts'

/**
 * Reads whose a staging folder is, once no command works in it any more. Exit code 75: one still does. A link is not followed.
 */
export const readStaging = (staging: string): HostCommand =>
  defineRead(
    'staging',
    `[ -d "$1" ] && [ ! -L "$1" ] || { echo staging=no; exit 0; }
if [ -e "$1/lock" ]; then exec 9<"$1/lock"; flock -w 120 9 || exit ${EXIT.busy}; fi
echo staging=yes
echo "run=$(cat "$1/run" 2>/dev/null)"
echo "withdrawn=$([ -d "$1/withdrawn" ] && echo yes || echo no)"`,
    staging,
  )

/** Moves a withdrawn release out of the staging folder, in one rename. */
export const keepWithdrawn = (staging: string, run: string, keep: string): HostCommand =>
  defineWrite(
    'keep-withdrawn',
    `${OURS}[ -d withdrawn ] || exit 0
[ ! -e "$3" ] && mv -T -- withdrawn "$3" || exit ${EXIT.remains}`,
    staging,
    run,
    keep,
  )

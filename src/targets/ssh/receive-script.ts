import { DEFINE_SHA256 } from '../../tools/hash-script.ts'

/** Decides on the host whether a file may be written there, and where it is kept until it is complete. */
export interface ReceiveGuard {
  /**
   * Shell lines that end the script with an exit code of their own where the file may not be written. They may leave the shell in another
   * folder, and hold a lock by descriptor 9, which is closed when the bytes come.
   */
  lines: string
  /** "$1", "$2" and so on of these lines. */
  args: string[]
  /** The folder in which the file grows, on the file system of its destination. */
  folder: string
}

/** Where a file goes, its mode as permission bits, and its complete length in bytes. */
interface ReceivedFile {
  path: string
  mode: number
  bytes: number
}

export const EXIT_OF_RECEIVE = { notOpened: 71, notChanged: 72, noSender: 73, takenOver: 74 }

/** The exit code of a command that the complete file is given to, as its receiver reports it. */
export const AFTER_FAILED = /^cutter-after (\d+)$/m

/**
 * Makes the command that receives a file on its standard input. It answers how many bytes an earlier try left, with their hash, and learns
 * from which byte the rest comes.
 *
 * The file grows under a name of this receiver alone and gets its own name when it is complete. A later receiver copies what is there and
 * removes that name, so that an earlier one, which may still get bytes of a client that was lost or suspended, writes nowhere.
 * @param after a command that runs once the file is complete, while it is hashed
 */
export function makeReceive(
  { path, mode, bytes }: ReceivedFile,
  guard: ReceiveGuard,
  after: readonly string[] = [],
): string[] {
  const script = `umask 077
${DEFINE_SHA256}file=$1 mode=$2 total=$3 folder=$4 given=$5; shift 5
guard() {
${guard.lines}
}
guard "$@"
cd -- "$folder" || exit ${EXIT_OF_RECEIVE.notOpened}
name=\${file##*/}
part=$name.part.$$
for earlier in "$name".part.*; do
  [ -f "$earlier" ] && [ "$earlier" != "$part" ] || continue
  [ -e "$part" ] || cp -- "$earlier" "$part" || rm -f -- "$part"
  rm -f -- "$earlier"
done
[ -e "$part" ] || [ ! -f "$file" ] || mv -- "$file" "$part"
true >>"$part" && size=$(stat -c %s -- "$part") || exit ${EXIT_OF_RECEIVE.notOpened}
exec 9>&-
echo "cutter-has $size $(head -c "$size" -- "$part" | sha256_of_input)"
read -r from || exit ${EXIT_OF_RECEIVE.noSender}
guard "$@"
cd -- "$folder" && [ -e "$part" ] || exit ${EXIT_OF_RECEIVE.takenOver}
exec 9>&-
[ "$from" = "$size" ] || truncate -c -s "$from" -- "$part" || exit ${EXIT_OF_RECEIVE.notChanged}
cat >>"$part"
guard "$@"
cd -- "$folder" && got=$(stat -c %s -- "$part" 2>/dev/null) || exit ${EXIT_OF_RECEIVE.takenOver}
exec 8<"$part" || exit ${EXIT_OF_RECEIVE.takenOver}
[ "$got" != "$total" ] || { chmod "$mode" "$part" && mv -f -T -- "$part" "$file"; } || exit ${EXIT_OF_RECEIVE.notChanged}
exec 9>&-
shift "$given"
[ "$got" = "$total" ] || set --
[ $# -eq 0 ] || { "$@" 8<&- >&2 & }
sum=$(sha256_of_input <&8)
[ $# -eq 0 ] || wait $! || echo "cutter-after $?"
echo "cutter-got $got $sum"`
  const own = [path, mode.toString(8), String(bytes), guard.folder, String(guard.args.length)]
  return ['sh', '-c', script, 'receive', ...own, ...guard.args, ...after]
}

/** Reads the commands that `next:` texts name. */

/** The texts of an answer. Next to an error or to what blocks the run, the stop is that of an earlier time. */
export function hintsIn({ error, stop, refusals = [] }: { [field: string]: unknown }): string[] {
  const blocked = error === undefined ? (refusals as object[]) : [error]
  const texts = blocked.length === 0 ? [stop] : blocked
  return texts.flatMap((one) => (one as { next?: string } | null | undefined)?.next ?? [])
}

const WORD =
  '--[a-z]+|<[a-z]+>|"…"|…|[a-z]+-\\d{8}T\\d{6}Z-[0-9a-f]{8}|(?<=--decision )[a-z]+|(?<=--approval )ap-[0-9a-f]+'
// An import needs a file of somebody else.
const COMMAND = new RegExp(`cutter (?:run|approval) (?!import)[a-z]+(?: (?:${WORD}))*`, 'g')

/** The ways of a text: each is a list of commands to run one after another, and whether something must be corrected first. */
export function waysIn(next: string): { needsRepair: boolean; commands: string[] }[] {
  return next
    .split(/; or end the run: |; if it will never answer: |; if no backup has it: |[,;] or,? /)
    .flatMap((way) => {
      const commands = [...way.matchAll(COMMAND)].map(([text]) => text)
      const needsRepair = /\bthen\b/.test(way.split('cutter ')[0]!)
      return commands.length === 0 ? [] : [{ needsRepair, commands }]
    })
}

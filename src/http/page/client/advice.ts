/** Advice of Cutter names commands and options of the command line. People on the page read what they do. */

const RUN = String.raw`(?:<run>|[\w-]+-[0-9a-f]{8})`
const REASON = `(?: --reason (?:…|"[^"]*"))?`

const COMMANDS: [command: RegExp, words: string][] = [
  [new RegExp(`\`?cutter run resume(?: ${RUN})?\`?`, 'g'), 'resume the run'],
  [new RegExp(`\`?cutter run cancel(?: ${RUN})?${REASON}\`?`, 'g'), 'cancel the run'],
  [new RegExp(`\`?cutter run show(?: ${RUN})?\`?`, 'g'), 'read the run'],
  [new RegExp(`\`?cutter run history(?: ${RUN})?\`?`, 'g'), 'read the timeline of the run'],
  [/`?cutter hold off`?/g, 'switch the hold off'],
]
/** An option with its value. What follows in words is no value. */
const OPTION =
  /(?<=^|[\s(])--([a-z][a-z-]*)((?:[ =](?:<[^>]+>|[A-Z][A-Z0-9_]*(?:,[A-Z0-9_]+)*|[\w]+(?:[-@.:/][\w]+)+))?)/g

/** Advice in words for people, without commands and options where the page has words for them. */
export function adviceWords(advice: string): string {
  const spoken = COMMANDS.reduce((text, [command, words]) => text.replace(command, words), advice)
  // Options of a command that has no words of its own stay with it.
  if (/\bcutter [a-z]/.test(spoken)) return spoken
  return spoken.replace(OPTION, (_, name: string, value: string) => {
    const given = value.slice(1)
    return `the option “${name.replaceAll('-', ' ')}${given === '' ? '' : `: ${given}`}”`
  })
}

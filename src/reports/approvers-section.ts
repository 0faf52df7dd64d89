import { namespaceOf } from '../approvals/statement.ts'
import type { Json } from '../domain/json.ts'
import { code, fenced, type MarkdownLine, md } from '../domain/markdown.ts'
import type { Run } from '../domain/run.ts'
import type { Arrival } from './history-summary.ts'
import { jsonOrNull } from './plan-section.ts'
import type { GateRules, ReportInput } from './report.ts'

/** The rules that were recorded (`policy/<gate>`) when the run arrived at the gate, else the rules as they are now. */
export function rulesAt({ record, rules }: ReportInput, { gate, entry }: Arrival): GateRules {
  const recorded = record.evidence.find(({ seq, name }) => seq === entry.seq && name === `policy/${gate}`)
  const bytes = recorded === undefined ? undefined : record.contents.get(recorded.digest)
  const recordedRules = (bytes === undefined ? null : jsonOrNull(bytes)) as Recorded | null
  if (recordedRules === null || typeof recordedRules.validHours !== 'number') return rules(gate)
  const { of, need, validHours, fourEyes } = recordedRules
  return { ...(of ? { of } : {}), need: need ?? 1, validHours, fourEyes: fourEyes ?? true }
}

type Recorded = { [Key in keyof GateRules]?: GateRules[Key] | null }

/** The section on who may approve, and how long an approval counts. */
export function approversInWords(
  { allowedSigners }: ReportInput,
  { of, need = 1, validHours, fourEyes = true }: GateRules,
  run: Run,
  gate: string,
): MarkdownLine[] {
  const title: MarkdownLine[] = [md`## Who may approve, and until when`, '']
  const until = 'The run waits without a limit.'
  if (run.mode !== 'live') {
    return [...title, md`Anybody, by a rehearsal approval, which is not signed. ${until}`, '']
  }
  const who = of === undefined ? 'Everybody' : of.map(code)
  const many = need === 1 ? 'one is enough' : `${need} people, each with their own key`
  const others = fourEyes ? ', nobody of those who started or moved the run' : ''
  return [
    ...title,
    md`${who}, with a key that ${code(allowedSigners)} lists for ${code(namespaceOf(run.machine, gate))}: ${many}${others}. An approval counts for ${validHours} hours from its signing. ${until}`,
    '',
  ]
}

/** The commands for an approver, by purpose. */
export function commandsFor(run: Run, gate: string): { [purpose: string]: string[] } {
  const { runId, mode, machine } = run
  const read = [`cutter run plan ${runId} > plan.json`, 'sha256sum plan.json']
  if (mode !== 'live') {
    return {
      read,
      approve: [`cutter approval rehearse ${runId}`],
      refuse: [`cutter approval rehearse ${runId} --decision reject --reason "…"`],
      goOn: ['cutter run resume --approval <id>'],
    }
  }
  const sign = `cutter approval sign ${runId} --as <principal> --key <file>`
  return {
    read,
    approve: [sign],
    approveElsewhere: [
      `cutter approval statement ${runId} --as <principal> > statement.json`,
      `ssh-keygen -Y sign -n ${namespaceOf(machine, gate)} -f <file> statement.json`,
      'cutter approval import --statement statement.json --signature statement.json.sig',
    ],
    refuse: [`${sign} --decision reject --reason "…"`],
    goOn: ['cutter run resume --approval <id>'],
  }
}

const PURPOSES: { [purpose: string]: string } = {
  read: 'Read the plan; its SHA-256 must be the plan’s digest below:',
  approve: 'Approve it:',
  approveElsewhere: 'Or sign where there is no Cutter:',
  refuse: 'Reject it, which closes the run:',
  goOn: 'Bring the approval to its gate:',
}

/** Markdown lines with the commands of the approvers' section: a sentence for each purpose, then its shell lines in a fence. */
export function commandsInWords(commands: { [purpose: string]: Json }): MarkdownLine[] {
  return Object.entries(commands).flatMap(([purpose, lines]): MarkdownLine[] => [
    md`${PURPOSES[purpose] ?? purpose}`,
    '',
    ...fenced(lines as string[], 'sh'),
    '',
  ])
}

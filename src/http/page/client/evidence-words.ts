/** What the evidence of the shipped machines is, in words for people. Each name stands for itself and for those of its parts. */
const WORDS: { [name: string]: string } = {
  anchors: 'What stands around the target on the host',
  applied: 'What the migration did',
  artifact: 'The packed release',
  backup: 'Backup of what was there',
  begun: 'What was begun',
  built: 'What the build made',
  bundle: 'The migration bundle',
  catalogue: 'The structure of the database',
  checks: 'The checks',
  closeout: 'Final report',
  'closeout.md': 'Final report as text',
  commands: 'Commands that ran, with their answers',
  grants: 'What the logins may do',
  identity: 'Which server and database it is',
  kept: 'What is kept',
  'leg-a': 'What was written as drafts',
  lint: 'Findings in the migration',
  plan: 'Plan',
  preflight: 'Checks before the plan',
  profile: 'How the document is read',
  rehearsal: 'What the rehearsal showed',
  report: 'Report',
  restored: 'The restored backup, compared',
  'rolled-back': 'What the rollback did',
  scan: 'What was read of the document',
  source: 'The source, byte for byte',
  structure: 'The drafts, compared with the document',
  survey: 'What the target held',
  tried: 'What was tried',
  verification: 'What the verifier found',
}

const PARTS: { [part: string]: string } = {
  after: 'after the change',
  before: 'before the change',
  committed: 'as committed',
  first: 'first seen',
  fresh: 'fresh',
  list: 'its files',
  rehearsed: 'as rehearsed',
}

/** What a piece of evidence is; its name as words where a machine of one's own has no others. */
export function evidenceWords(name: string): string {
  const [head = '', ...rest] = name.split('/')
  const known = WORDS[head]
  if (known === undefined) return name.replaceAll('_', ' ')
  if (rest.length === 0) return known
  const part = rest.join('/')
  return head === 'plan' ? `Plan for gate ${part}` : `${known}: ${PARTS[part] ?? part.replaceAll('_', ' ')}`
}

/** Whether evidence has words of its own. */
export const isEvidenceExplained = (name: string) => Object.hasOwn(WORDS, name.split('/')[0]!)

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ANSWERS } from '../../src/service/answers/answers.ts'
import { aCutterHome, type CutterHome, jsonOf, type Answer as Printed } from '../support/cli.ts'
import { aSigner, charter, enableExecution, LIVE } from '../support/cli-steps.ts'

/** What the program prints with `--json`, against the schemas in docs/schema. */

let at: CutterHome
let runId: string
let approvalId: string

beforeAll(async () => {
  at = aCutterHome(LIVE)
  const key = aSigner(at, undefined, 'cutter.*')
  at.file('a.md', charter('One.', 'Two.'))
  at.file('b.md', charter('One.', 'Three.'))
  await at.server()
  await enableExecution(at)
  runId = (await json('run start cut --document A --source a.md --mode live --by deploybot')).runId
  const signed = await json(`approval sign ${runId} --as alice@example.org --key ${key}`)
  approvalId = signed.approvalId
  await json(`run resume --approval ${approvalId}`)
  const last = await json(`approval sign ${runId} --as alice@example.org --key ${key}`)
  await json(`run resume --approval ${last.approvalId}`)
  await json('run start cut --document B --source b.md')
  await json(`run export ${runId} --out run.tar`)
}, 120_000)

afterAll(() => at.remove())

/** Words may hold no blanks. */
const cutter = (words: string): Promise<Printed> => at.cutter([...words.split(' '), '--json'])

const json = async (words: string) => jsonOf<{ runId: string; approvalId: string }>(await cutter(words))

/** In an order in which each finds what it needs. */
const CASES: [schema: string, command: () => string][] = [
  ['run', () => 'run start cut --document C --source a.md'],
  ['run-shown', () => `run show ${runId}`],
  ['run-list', () => 'run list'],
  ['inbox', () => 'inbox'],
  ['history', () => `run history ${runId}`],
  ['explanation', () => `run explain ${runId}`],
  ['graph', () => `run graph ${runId}`],
  ['report', () => `run report ${runId}`],
  ['run-page', () => `run report ${runId} --html --out page.html`],
  ['run-review', () => `run review ${runId}`],
  ['graph', () => 'machine graph cut'],
  ['run', () => `run resume ${runId} --approval ${approvalId}`],
  ['approval-list', () => 'approval list'],
  ['approval-shown', () => `approval show ${approvalId}`],
  ['countersignature', () => `approval countersign ${runId} --as alice@example.org --key alice_example_org`],
  ['export', () => `run export ${runId} --out again.tar`],
  ['verdict', () => 'verify run.tar --signers allowed_signers'],
  ['verdict', () => 'verify again.tar'],
  ['execution', () => 'execution status'],
  ['hold', () => 'hold on --reason incident'],
  ['error', () => 'run start cut --document D --source a.md'],
  ['hold', () => 'hold off'],
  ['document-scan', () => 'document scan a.md'],
  ['document-diff', () => 'document diff a.md b.md'],
  ['document-profiles', () => 'document profiles'],
  ['batch', () => 'batch start .'],
  ['batch', () => 'batch show'],
  ['target-init', () => 'target init embedded'],
  ['target-preview', () => 'target init embedded --dry-run'],
  ['target-survey', () => 'target survey'],
  ['target-grants', () => 'target grants'],
  ['machine-list', () => 'machine list'],
  ['machine-check', () => 'machine check'],
  ['machine-new', () => 'machine new pay'],
  ['machine-test', () => 'machine test pay/pay.ts'],
  ['migration-bundle', () => 'migrate new reviews'],
  ['migration-lint', () => 'migrate lint reviews'],
  ['rehearsal-list', () => 'rehearsal list'],
  ['store-check', () => 'store check'],
  ['store-backup', () => 'store backup --out copy.db'],
  ['token-created', () => 'token create --role viewer --name reader'],
  ['token-list', () => 'token list'],
  ['token', () => 'token revoke reader'],
  ['key-rotation', () => 'instance rotate-key --reason yearly'],
  ['store-prune', () => 'store prune --older-than 1d'],
  ['doctor', () => 'doctor'],
  ['doctor-runs', () => 'doctor --runs'],
  ['service-unit', () => 'serve --systemd'],
  ['store-restore', () => 'store restore copy.db'],
  ['error', () => 'run show nothing'],
  ['error', () => 'run start nothing'],
  ['error', () => 'verify a.md'],
]

describe('the JSON answers', () => {
  test.each(CASES.map(([schema, command], index) => [schema, index, command] as const))(
    'match %s.json (case %i)',
    async (schema, _, command) => {
      const { stdout, stderr } = await cutter(command())
      const parsed = ANSWERS[schema]!.schema.safeParse(JSON.parse(stdout === '' ? 'null' : stdout))
      expect(parsed.error?.issues ?? [], `${command()}: ${stderr}`).toEqual([])
    },
  )

  test('of explain at a gate matches explanation.json', async () => {
    const [paused] = jsonOf<{ runId: string }[]>(await cutter('run list --status paused'))
    const { stdout } = await cutter(`run explain ${paused!.runId}`)
    expect(ANSWERS.explanation!.schema.safeParse(JSON.parse(stdout)).error?.issues ?? []).toEqual([])
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signText } from '../../src/approvals/openssh/sign-text.ts'
import { namespaceOf } from '../../src/approvals/statement.ts'
import type { Approval } from '../../src/domain/approval.ts'
import { importApproval } from '../../src/service/approvals/import.ts'
import { type Asked, DOORS, type DoorError, type Doors, doorsOf, hasDoor } from '../support/doors.ts'
import { type GateService, openGates, type Waiting } from '../support/gate-refusals.ts'
import { describeWithKeys } from '../support/ssh-keys.ts'

/** An approval that is known already and is imported again with other bytes: every door refuses it in the same words, and keeps what it has. */

let gates: GateService
let doors: Doors
let folder: string

/** Another good signature of the same statement. Its namespace and text are right, and its key is one that alice also has. */
async function otherSignature({ statementText: text, statement }: Approval, of = text): Promise<string> {
  const namespace = namespaceOf(statement.machine, statement.gate)
  return signText({ text: of, keyFile: gates.keys.path('other'), namespace })
}

function asked(statement: string, signature: string): Asked {
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  const files = [file('statement.json', statement), file('statement.json.sig', signature)] as const
  return {
    useCase: (home) =>
      importApproval(home, { statement: { text: statement }, signature: { text: signature } }),
    http: ['post', '/api/v1/approvals', { statement, signature }],
    command: ['approval', 'import', '--statement', files[0], '--signature', files[1]],
  }
}

/** What each door that takes approvals answers. */
async function answers(statement: string, signature: string): Promise<[door: string, DoorError | null][]> {
  const found: [string, DoorError | null][] = []
  for (const door of DOORS)
    if (hasDoor(door, asked(statement, signature)))
      found.push([door, await doors.ask(door, asked(statement, signature))])
  return found
}

const resume = ({ runId }: Waiting, approval: string) =>
  gates.at.post(`/api/v1/runs/${runId}/resume`, gates.token, { approval })

describeWithKeys('an approval that is known', () => {
  beforeAll(async () => {
    gates = await openGates()
    doors = await doorsOf(gates.at, gates.token, null)
    folder = gates.at.home.folder
    gates.keys.key('other')
    const [alice, other] = ['alice', 'other'].map(
      (name) => `alice@example.org ${gates.keys.publicKey(name)}\n`,
    )
    writeFileSync(join(folder, 'allowed_signers'), `${alice}${other}`, { mode: 0o600 })
  })
  afterAll(async () => {
    await doors.close()
    await gates.close()
  })

  test.each<[string, (run: Waiting, approval: string) => Promise<unknown>, string | null]>([
    ['waits to be used', async () => {}, null],
    ['was used', resume, 'ALREADY_USED'],
    [
      'is of a cancelled run',
      ({ runId }) =>
        gates.at.post(`/api/v1/runs/${runId}/cancel`, gates.token, { reason: 'a test of signatures' }),
      'RUN_CLOSED',
    ],
  ])(
    'and %s: the same bytes change nothing, a bad signature is refused, and another good one is named',
    async (_, happen, reason) => {
      const run = await gates.aRun()
      const id = await gates.sign(run)
      await happen(run, id)
      const known = (await gates.at.home.store.approval(id))!
      for (const [door, error] of await answers(known.statementText, known.signature!))
        expect([door, error]).toEqual([door, null])
      const forged = await answers(known.statementText, await otherSignature(known, 'another text'))
      expect(forged[0]![1]).toMatchObject({ code: 'APPROVAL_REFUSED', reason: 'SIGNATURE_INVALID' })
      for (const [door, error] of forged) expect([door, error]).toEqual([door, forged[0]![1]])
      const others = await answers(known.statementText, await otherSignature(known))
      expect(others.length).toBe(4)
      expect(others[0]![1]?.reason ?? null).toBe(reason)
      for (const [door, error] of others) expect([door, error]).toEqual([door, others[0]![1]])
      expect(await gates.at.home.store.approval(id)).toEqual(known)
    },
  )
})

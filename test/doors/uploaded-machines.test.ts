import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { performServed } from '../../src/cli/served.ts'
import { uploadedModulesFolder } from '../../src/custom/uploaded-modules.ts'
import { startAsked } from '../support/asked.ts'
import { DOORS, type DoorError, type DoorName, doorsOf } from '../support/doors.ts'
import { aService, type HttpService } from '../support/http-service.ts'

/** A machine that a caller uploaded, through every door of a service: where it is refused, nothing of it runs and no run starts. */

const MODULE = readFileSync(resolve(import.meta.dirname, '../examples/rotate-keys.ts'), 'utf8')
const ALLOWED = 'allowUploadedMachines: true\n'
const OWNER = `${ALLOWED}approvals: { strict: owner }\n`
/** The doors of a service. A command that works by itself has no caller who uploads, so that the name is of no machine. */
const SERVED = DOORS.filter((door) => door !== 'command')

let at: HttpService
afterEach(async () => {
  delete (globalThis as { uploadedCodeRan?: boolean }).uploadedCodeRan
  await at.remove()
})

/** Uploads a module and names it as the machine of a run, by each of the doors. */
async function answersOf(config: string, role: 'admin' | 'operator', names: readonly DoorName[]) {
  at = await aService(config, { commandLine: performServed })
  const file = join(at.home.folder, 'key')
  writeFileSync(file, 'the first key\n')
  const token = await at.token({ name: 'ann', role })
  const headers = { 'content-type': 'application/octet-stream' }
  const { json } = await at.post('/api/v1/uploads', token, `globalThis.uploadedCodeRan = true\n${MODULE}`, {
    headers,
  })
  const asked = startAsked({ machine: json.upload, input: { file } }, ['--file', file])
  const doors = await doorsOf(at, token, null)
  try {
    const answers: [DoorName, DoorError | null][] = []
    for (const door of names) answers.push([door, await doors.ask(door, asked)])
    return answers
  } finally {
    await doors.close()
  }
}

/** Nothing of the module was loaded or kept, and there is no run. */
async function expectNothingRan(): Promise<void> {
  expect((globalThis as { uploadedCodeRan?: boolean }).uploadedCodeRan).toBeUndefined()
  expect(existsSync(uploadedModulesFolder(at.home.folder))).toBe(false)
  expect(await at.home.store.list({ limit: 10, onTampered() {} })).toEqual([])
}

test.each([
  ['for an admin without the setting', '', 'admin', 'INPUT_REFUSED', 'does not say allowUploadedMachines'],
  ['for an operator', ALLOWED, 'operator', 'ACCESS_REFUSED', 'may not bring machines'],
  ['where only cutter.yaml names modules', OWNER, 'admin', 'INPUT_REFUSED', 'approvals.strict is owner'],
] as const)(
  'a machine that was uploaded is refused %s, in the same words by every door',
  async (_, config, role, code, words) => {
    const answers = await answersOf(config, role, SERVED)
    const [, first] = answers[0]!
    expect([first?.code, first?.message]).toEqual([code, expect.stringContaining(words)])
    for (const answer of answers) expect(answer).toEqual([answer[0], first])
    await expectNothingRan()
  },
)

test('an agent brings no machine with the setting and the token of an admin', async () => {
  const [[, error]] = (await answersOf(ALLOWED, 'admin', ['mcp'])) as [[DoorName, DoorError]]
  expect([error.code, error.message]).toEqual([
    'INPUT_REFUSED',
    expect.stringContaining('an agent brings no code'),
  ])
  await expectNothingRan()
})

test('a command that works by itself finds no machine under the name of an upload', async () => {
  const [[, error]] = (await answersOf(ALLOWED, 'admin', ['command'])) as [[DoorName, DoorError]]
  expect(error.code).toBe('MACHINE_NOT_FOUND')
  await expectNothingRan()
})

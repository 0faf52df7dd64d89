import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openHome } from '../../../src/app/open-home.ts'
import { checkConfig } from '../../../src/service/doctor/config-checks.ts'
import type { Finding } from '../../../src/service/doctor/finding.ts'

let folder: string
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-config-')))
  writeFileSync(join(folder, 'charter.md'), '# Charter\n')
  mkdirSync(join(folder, 'inbox'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function examined(config: string): Promise<Finding[]> {
  writeFileSync(join(folder, 'cutter.yaml'), config)
  const interrupt = new AbortController().signal
  const home = openHome({ home: folder, cwd: folder, env: {}, interrupt })
  try {
    return await checkConfig(await home.app())
  } finally {
    await home.close()
  }
}

describe('doctor', () => {
  test('passes where everything that cutter.yaml names is there', async () => {
    const config = `documents: { CHARTER: { source: charter.md, profile: markdown } }
approvals: { policy: { cut.SG1: { need: 2 }, deploy.abandon: { need: 2 } } }
inputs: [inbox]
`
    expect(await examined(config)).toEqual([
      { check: 'cutter.yaml', status: 'ok', message: expect.stringContaining('is there') },
    ])
  })

  test.each([
    [
      'the source of a document',
      'documents: { LAW: { source: law.md } }',
      'document LAW',
      'law.md is missing',
    ],
    [
      'the profile of a document',
      'documents: { CHARTER: { source: charter.md, profile: markdowns } }',
      'document CHARTER',
      'there is no profile markdowns',
    ],
    ['the file of a profile', 'profiles: { ours: ours.yaml }', 'profile ours', 'ours.yaml is missing'],
    [
      'the module of a machine',
      'machines: { rotate: ./rotate.ts }',
      'machine rotate',
      'rotate.ts is missing',
    ],
    [
      'the machine of a policy',
      'approvals: { policy: { cuts.SG1: { need: 2 } } }',
      'policy cuts.SG1',
      'there is no machine cuts',
    ],
    [
      'the gate of a policy',
      'approvals: { policy: { cut.SG3: { need: 2 } } }',
      'policy of cut',
      'machine cut has no gate SG3',
    ],
    ['a folder of inputs', 'inputs: [outbox]', 'inputs', 'outbox is missing'],
  ])('fails where %s does not exist', async (_, config, check, message) => {
    expect(await examined(`${config}\n`)).toEqual([
      { check, status: 'fail', message: expect.stringContaining(message), next: expect.any(String) },
    ])
  })
})

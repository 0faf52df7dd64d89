import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { MACHINE_NAMES } from '../../src/builtin/registry.ts'
import { RELEASES } from '../../src/builtin/released-definitions.ts'

/** docs/verify.py runs where there is no Cutter, so it holds the definition digests itself. `npm run docs` writes them, after a build. */

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAM = resolve(ROOT, 'docs/verify.py')

test('docs/verify.py knows the definitions of every release and of this build', async () => {
  const built = JSON.parse(readFileSync(resolve(ROOT, 'dist/definitions.json'), 'utf8')) as {
    definitions: { [machine: string]: string }
  }
  const all = [...RELEASES.map(({ definitions }) => definitions), built.definitions]
  const lines = MACHINE_NAMES.map((name) => {
    const digests = all.flatMap((definitions) => definitions[name]?.replace('sha256:', '') ?? [])
    return [name, ...new Set(digests)].join(' ')
  })
  const text = readFileSync(PROGRAM, 'utf8').replace(
    /KNOWN = '''[^']*'''/,
    `KNOWN = '''${lines.join('\n')}'''`,
  )
  await expect(text).toMatchFileSnapshot(PROGRAM)
})

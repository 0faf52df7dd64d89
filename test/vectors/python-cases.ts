import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bundles } from '../bundle/bundle-fixture.ts'

/** Bundles that write_vectors.py makes, which shares nothing with Cutter. */
export async function pythonCases(
  at: Bundles,
): Promise<{ name: string; tar: Buffer; signers: string; args?: string[] }[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-vectors-'))
  writeFileSync(join(folder, 'good.tar'), await at.exported(await at.closed('live')))
  const args = ['good.tar', at.keys.path('alice'), join(at.sealing.folder, 'instance_key')]
  execFileSync('python3', [join(import.meta.dirname, 'write_vectors.py'), ...args], { cwd: folder })
  const made = readdirSync(folder).filter((name) => name.startsWith('python-'))
  const cases = made.map((file) => ({
    name: file.replace('.tar', ''),
    tar: readFileSync(join(folder, file)),
    signers: 'alice-and-instance.signers',
    ...(file === 'python-rotated.tar' ? { args: ['--require-trusted'] } : {}),
  }))
  rmSync(folder, { recursive: true })
  return cases
}

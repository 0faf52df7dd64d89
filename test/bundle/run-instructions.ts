import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asBuffer } from '../../src/bundle/tar.ts'
import { filesIn } from './bundle-fixture.ts'

/** What the commands of a VERIFY.md answered. */
export interface InstructionsRun {
  status: number | null
  stdout: string
  stderr: string
}

/**
 * Runs the shell blocks of VERIFY.md in a folder with the bundle and the checker's own files. The PATH has three tools, those of `tools`, and no
 * other. At the end the script prints DONE.
 */
export async function runInstructions(
  tar: Buffer,
  own: { [file: string]: string | Buffer },
  tools: string[] = [],
): Promise<InstructionsRun> {
  const folder = mkdtempSync(join(tmpdir(), 'cutter-check-'))
  try {
    for (const name of ['bin', 'check']) mkdirSync(join(folder, name))
    for (const tool of ['tar', 'sha256sum', 'ssh-keygen', ...tools]) {
      const [found] = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.split('\n')
      symlinkSync(found!, join(folder, 'bin', tool))
    }
    writeFileSync(join(folder, 'bundle.tar'), tar)
    for (const [file, content] of Object.entries(own)) writeFileSync(join(folder, file), content)
    const text = asBuffer((await filesIn(tar)).get('VERIFY.md')!).toString()
    const script = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block).join('')
    const options = { cwd: join(folder, 'check'), env: { PATH: join(folder, 'bin') } }
    return spawnSync('/bin/sh', ['-eu'], { ...options, input: `${script}echo DONE\n`, encoding: 'utf8' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

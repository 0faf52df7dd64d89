import { bundleDeps } from '../../app/closeout-deps.ts'
import type { Home } from '../../app/open-home.ts'
import type { WrittenBundle } from '../../bundle/write-bundle.ts'
import { type Output, writeOutput } from '../write-output.ts'
import { findRun } from './find-run.ts'

/**
 * Writes the evidence bundle of a run to a file that does not exist yet, or hands it over. A closed run without a signed closeout is signed first,
 * where ssh-keygen is installed.
 * @throws RUN_NOT_FOUND, STORE_TAMPERED, INPUT_REFUSED when the file exists or can't be written, USAGE when several runs match
 */
export async function exportRunBundle(
  home: Home,
  { run, out }: { run: string; out: Output },
): Promise<WrittenBundle> {
  const { writeBundle } = await import('../../bundle/write-bundle.ts')
  return writeOutput(home, out, async (file) => {
    const found = await findRun(home, run)
    const { folder, store, interrupt } = home
    const deps = bundleDeps({ home: folder, store, config: await home.config(), interrupt })
    return writeBundle(deps, found, file)
  })
}

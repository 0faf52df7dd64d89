import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Home, openHome } from '../../src/app/open-home.ts'

/** A home in a folder of its own, as a door opens it. */
export interface ServiceHome {
  home: Home
  /** Asks whatever works in the home to end, as SIGTERM does. */
  interrupt(): void
  /** Closes the home and removes its folder. */
  remove(): Promise<void>
}

/** Opens a home for use cases, without the command line. `config` is the text of cutter.yaml. */
export function openServiceHome(config = '', env: NodeJS.ProcessEnv = {}): ServiceHome {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'cutter-service-')))
  if (config !== '') writeFileSync(join(folder, 'cutter.yaml'), config)
  const interrupt = new AbortController()
  const home = openHome({ home: folder, env, cwd: folder, interrupt: interrupt.signal })
  return {
    home,
    interrupt: () => interrupt.abort(),
    async remove() {
      await home.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

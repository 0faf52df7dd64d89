import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../app/package-paths.ts'

/** A page of the manual. */
export interface ManualPage {
  /** Its file without `.md`. */
  name: string
  title: string
}

const folder = () => join(packageRoot(), 'docs')

/** Lists the pages of the manual; none where the program was installed without it. */
export function listManual(): ManualPage[] {
  if (!existsSync(folder())) return []
  const files = readdirSync(folder()).filter((name) => name.endsWith('.md'))
  return files.sort().map((file) => {
    const name = file.slice(0, -'.md'.length)
    return { name, title: /^# (.+)$/m.exec(readManual(name))?.[1] ?? name }
  })
}

/** Reads a page that `listManual` lists, as Markdown. */
export const readManual = (name: string): string => readFileSync(join(folder(), `${name}.md`), 'utf8')

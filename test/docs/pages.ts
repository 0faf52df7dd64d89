import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Every Markdown page for people: those of the root, and docs. */
export function pagesIn(root: string): string[] {
  const docs = join(root, 'docs')
  const inDocs = existsSync(docs) ? readdirSync(docs).map((name) => join(docs, name)) : []
  return [...readdirSync(root).map((name) => join(root, name)), ...inDocs]
    .filter((file) => file.endsWith('.md'))
    .sort()
}

import { basename } from 'node:path'

/** `../laws/Grundgesetz (2012).md` becomes Grundgesetz-2012. */
export function documentIdFromFile(file: string): string {
  const name = basename(file).replace(/\.[^.]*$/, '')
  const id = name.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|-+$/g, '')
  return id === '' ? 'DOCUMENT' : id.slice(0, 64)
}

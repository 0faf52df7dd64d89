import { CutterError } from '../domain/errors.ts'

/** Derives a document id from a file's name: `../laws/Grundgesetz (2012).md` becomes Grundgesetz-2012. */
export function documentIdFromFile(file: string): string {
  const name = file.replace(/\/+$/, '').split('/').at(-1)!
  const id = name
    .replace(/\.[^.]*$/, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|-+$/g, '')
  return id === '' ? 'DOCUMENT' : id.slice(0, 64)
}

const LONGEST_DOCUMENT_ID = 64

/**
 * Asserts that a document id can be part of addresses and file names.
 *
 * @throws INPUT_REFUSED when it cannot.
 */
export function assertDocumentId(document: string): void {
  const fault = findDocumentIdFault(document)
  if (fault === null) return
  throw new CutterError('INPUT_REFUSED', `document id ${JSON.stringify(document)} ${fault}`, {
    next: 'name the document with ASCII letters, digits, "-", "_" and "." only, e.g. ICX-CONST',
  })
}

function findDocumentIdFault(document: string): string | null {
  if (!/^[A-Za-z0-9_.-]*$/.test(document)) {
    return 'holds a character other than letters, digits, "-", "_" and "."'
  }
  if (document.length > LONGEST_DOCUMENT_ID) return `is longer than ${LONGEST_DOCUMENT_ID} characters`
  return /^[A-Za-z0-9]/.test(document) ? null : 'does not begin with a letter or a digit'
}

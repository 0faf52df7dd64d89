import type { Home } from '../../app/open-home.ts'
import { type HeldDocument, listDocumentsAt } from '../../targets/postgres/read-documents.ts'
import { type Place, type ReadingPlace, readInForce } from './read-in-force.ts'

/** What `document list --json` prints. */
export interface DocumentList extends Place {
  documents: HeldDocument[]
}

/**
 * Lists the documents that a target has units of in force.
 * @throws what `readInForce` throws
 */
export async function listDocuments(home: Home, place: ReadingPlace): Promise<DocumentList> {
  return readInForce(home, place, async (sql, at) => ({
    ...at,
    documents: await listDocumentsAt(sql, at.asOf),
  }))
}

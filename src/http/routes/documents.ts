import { z } from 'zod'
import { compareDocuments } from '../../service/documents/diff.ts'
import { listProfiles } from '../../service/documents/profiles.ts'
import { scanDocument } from '../../service/documents/scan.ts'
import { endpoint } from '../endpoint.ts'

const file = z.string().describe('upload:<sha256>, or a file below a folder of inputs.')
const reading = { profile: z.string().optional(), document: z.string().optional() }

/** Documents, before a run cuts them. */
export const DOCUMENT_ENDPOINTS = [
  endpoint('post', '/api/v1/documents/scan', {
    summary: 'Scans a document: how it would be cut, and what is odd about it',
    answer: 'document-scan',
    body: { file, ...reading },
    reply: async ({ home, body }) => ({ content: await scanDocument(home, body) }),
  }),
  endpoint('post', '/api/v1/documents/diff', {
    summary: 'Compares two texts of a document, unit by unit',
    answer: 'document-diff',
    body: { old: file, new: file, ...reading },
    reply: async ({ home, body }) => ({ content: (await compareDocuments(home, body)).diff }),
  }),
  endpoint('get', '/api/v1/profiles', {
    summary: 'Lists the profiles by which documents are read',
    answer: 'document-profiles',
    reply: async ({ home }) => ({ content: await listProfiles(home) }),
  }),
]

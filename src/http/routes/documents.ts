import { z } from 'zod'
import { compareDocuments } from '../../service/documents/diff.ts'
import { readUnitHistory } from '../../service/documents/history.ts'
import { listDocuments } from '../../service/documents/list.ts'
import { listProfiles } from '../../service/documents/profiles.ts'
import { scanDocument } from '../../service/documents/scan.ts'
import { searchDocuments } from '../../service/documents/search.ts'
import { showDocument } from '../../service/documents/show.ts'
import { endpoint } from '../endpoint.ts'

const file = z.string().describe('upload:<sha256>, or a file below a folder of inputs.')
const reading = { profile: z.string().optional(), document: z.string().optional() }

const target = z.string().default('embedded')
const place = { target, asOf: z.string().optional().describe('A day, or a time with its zone.') }
const address = z.string().max(300)

/** Documents, before a run cuts them and as they are in force. */
export const DOCUMENT_ENDPOINTS = [
  endpoint('post', '/api/v1/documents/scan', {
    deed: 'scan documents',
    summary: 'Scans a document: how it would be cut, and what is odd about it',
    answer: 'document-scan',
    body: { file, ...reading, expect: z.string().optional(), suspects: z.boolean().optional() },
    reply: async ({ home, body }) => ({ content: await scanDocument(home, body) }),
  }),
  endpoint('post', '/api/v1/documents/diff', {
    deed: 'compare documents',
    summary: 'Compares two texts of a document, unit by unit',
    answer: 'document-diff',
    body: { old: file, new: file, ...reading },
    reply: async ({ home, body }) => ({ content: (await compareDocuments(home, body)).diff }),
  }),
  endpoint('get', '/api/v1/documents', {
    deed: 'read documents',
    summary: 'Lists the documents in force in a target',
    answer: 'document-list',
    query: place,
    reply: async ({ home, query }) => ({ content: await listDocuments(home, query) }),
  }),
  endpoint('get', '/api/v1/documents/show', {
    deed: 'read documents',
    summary: 'What is in force at an address: a unit with its text, or the units of a document',
    answer: 'document-show',
    query: { address, ...place },
    reply: async ({ home, query }) => ({ content: await showDocument(home, query) }),
  }),
  endpoint('get', '/api/v1/documents/history', {
    deed: 'read documents',
    summary: 'The versions of a unit, and the words that each of them changed',
    answer: 'document-history',
    query: { address, target },
    reply: async ({ home, query }) => ({ content: await readUnitHistory(home, query) }),
  }),
  endpoint('get', '/api/v1/documents/search', {
    deed: 'read documents',
    summary: 'Finds units in force by their words',
    answer: 'document-search',
    query: { words: z.string().max(200), document: z.string().optional(), ...place },
    reply: async ({ home, query }) => ({ content: await searchDocuments(home, query) }),
  }),
  endpoint('get', '/api/v1/profiles', {
    summary: 'Lists the profiles by which documents are read',
    answer: 'document-profiles',
    reply: async ({ home }) => ({ content: await listProfiles(home) }),
  }),
]

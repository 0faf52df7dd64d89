import { z } from 'zod'
import { FOLDER_PATH } from '../../client/command-request.ts'
import { keepFolder, keepUpload } from '../../service/uploads.ts'
import { endpoint } from '../endpoint.ts'

/** Files that callers send. */
export const UPLOAD_ENDPOINTS = [
  endpoint('post', '/api/v1/uploads', {
    deed: 'upload files',
    summary: 'Keeps a file, for the input of runs',
    answer: 'upload',
    status: 201,
    takesBytes: true,
    reply: async ({ home, content }) => ({ content: await keepUpload(home, content) }),
  }),
  endpoint('post', FOLDER_PATH, {
    deed: 'upload files',
    summary: 'Makes a migration bundle of uploaded files, for the input of runs',
    answer: 'upload',
    status: 201,
    body: {
      name: z.string().describe('The name of the folder, which is that of the migration.'),
      files: z
        .record(z.string(), z.string())
        .describe('Each SQL and YAML file by its name, as upload:<sha256>.'),
    },
    reply: async ({ home, body }) => ({ content: await keepFolder(home, body) }),
  }),
]

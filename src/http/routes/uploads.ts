import { keepUpload } from '../../service/uploads.ts'
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
]

import { z } from 'zod'
import { COMMAND_PATH } from '../../client/command-request.ts'
import { FRAMES_TYPE, framesOf } from '../../client/frames.ts'
import { endpoint } from '../endpoint.ts'
import { RequestError } from '../problem.ts'

const path = z.string().max(4096)

/** The command line: what a client at a shell asks for is worked on here, and shown there. */
export const COMMAND_LINE_ENDPOINTS = [
  endpoint('post', COMMAND_PATH, {
    summary:
      'Performs a command of the command line. The answer is made of frames: one byte for the kind (1 stdout, 2 stderr, 3 path of a file, 4 its bytes, 5 nothing, 6 exit code, 7 a file that the command reads: send it, and the command again), four bytes for the length, and the content. It is complete with the exit code.',
    answer: FRAMES_TYPE,
    body: {
      argv: z.array(z.string().max(65_536)).max(1_000).describe('The words after the name of the program.'),
      cwd: path.describe('Working folder of the client.'),
      terminal: z.strictObject({
        out: z.boolean(),
        err: z.boolean(),
        columns: z.number().int().min(1).max(10_000).nullable(),
        color: z.boolean(),
      }),
      out: z
        .strictObject({ path, exists: z.boolean() })
        .nullable()
        .default(null)
        .describe('The file that --out names, which the client writes.'),
      files: z
        .record(path, z.string().max(262_144).nullable())
        .default({})
        .describe('What frame 7 asked for: the text of a file, or upload:<sha256>; null for no such file.'),
    },
    async reply({ service, caller, body }) {
      const { commands } = service
      if (commands === null || caller === null)
        throw new RequestError(
          404,
          'this service performs no commands; nothing was done',
          'GET /openapi.json',
        )
      const gone = new AbortController()
      let wake = () => {}
      const room = () =>
        new Promise<void>((done) => {
          const others = wake
          wake = () => {
            others()
            done()
          }
        })
      const free = () => {
        wake()
        wake = () => {}
      }
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          const write = async (...frame: Parameters<typeof framesOf>) => {
            for (const bytes of framesOf(...frame)) {
              if (gone.signal.aborted) return
              controller.enqueue(bytes)
              while ((controller.desiredSize ?? 0) <= 0 && !gone.signal.aborted) await room()
            }
          }
          void commands.perform(caller, body, { gone: gone.signal, write }).finally(() => {
            if (!gone.signal.aborted) controller.close()
          })
        },
        pull: free,
        cancel() {
          gone.abort()
          free()
        },
      })
      return { content: stream, type: FRAMES_TYPE }
    },
  }),
]

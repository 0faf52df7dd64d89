import { createReadStream, readdirSync, readFileSync, type Stats, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { ClientError } from './client-error.ts'
import { FOLDER_PATH, type NeededFile, UPLOAD_PATH } from './command-request.ts'
import { findOption } from './command-words.ts'
import { connectTo, headOf } from './connection.ts'
import type { FoundService } from './find-service.ts'
import { cutShortError, problemOf } from './problems.ts'
import { receiveAnswer } from './receive-answer.ts'
import { createResponseReader } from './response-reader.ts'

/** The size of a text at most, in bytes. */
const MAX_TEXT = 64 * 1024

/**
 * Sends a file that a command reads, and returns what names it in the command: its text, or `upload:<sha256>`. Null where it is no file, or,
 * as a text, too long for one.
 * @throws ClientError when the command does not name that file, or the service does not take it
 */
export async function sendFile(
  service: FoundService,
  argv: string[],
  { given, as }: NeededFile,
): Promise<string | null> {
  assertNamed(argv, given)
  const found = statSync(given, { throwIfNoEntry: false })
  if (as === 'folder') return found?.isDirectory() === true ? uploadFolder(service, given) : null
  if (found === undefined || !found.isFile()) return null
  if (as === 'text') return found.size > MAX_TEXT ? null : read(given)
  return upload(service, given, found)
}

/** A service is sent no file but those that its caller named, and no key. */
function assertNamed(argv: string[], given: string): void {
  const isNamed = argv.some((word) => word === given || word.endsWith(`=${given}`))
  if (isNamed && findOption(argv, '--key') !== given) return
  throw new ClientError(
    'INPUT_REFUSED',
    `the service asks for ${given}, which the command does not name; it was not sent`,
    'ask whoever runs that service',
    2,
  )
}

const unreadable = (path: string, { message }: Error) =>
  new ClientError(
    'INPUT_REFUSED',
    `can't read ${path}: ${message}; nothing was done`,
    'name a file that can be read',
    2,
  )

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error as Error)
  }
}

/** What a migration bundle consists of. */
const PART_OF_BUNDLE = /\.(sql|ya?ml)$/

async function uploadFolder(service: FoundService, folder: string): Promise<string> {
  const files: { [name: string]: string } = {}
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name)
    const found = statSync(path, { throwIfNoEntry: false })
    if (PART_OF_BUNDLE.test(name) && found?.isFile() === true)
      files[name] = await upload(service, path, found)
  }
  const sent = Buffer.from(JSON.stringify({ name: basename(resolve(folder)), files }))
  const { status, body } = await receiveAnswer(service, await connectTo(service), (socket) => {
    socket.write(headOf(service, FOLDER_PATH, sent.length))
    socket.write(sent)
  })
  const [, name] = /"upload":"(upload:[0-9a-f]{64})"/.exec(body.toString()) ?? []
  if (status === 201 && name !== undefined) return name
  throw problemOf(service, status, body.toString())
}

async function upload(service: FoundService, path: string, { size }: Stats): Promise<string> {
  const socket = await connectTo(service)
  const body: Buffer[] = []
  const response = createResponseReader((bytes) => body.push(bytes))
  return new Promise((done, fail) => {
    const cutShort = (why: string) => fail(cutShortError(service, why))
    socket
      .on('data', (bytes: Buffer) => {
        try {
          response.push(bytes)
        } catch (error) {
          cutShort((error as Error).message)
        }
      })
      .on('error', (error) => cutShort(error.message))
      .on('end', () => {
        const status = response.status()
        const text = Buffer.concat(body).toString()
        const [, name] = /"upload":"(upload:[0-9a-f]{64})"/.exec(text) ?? []
        if (status === null) cutShort('it ended before its head')
        else if (status === 201 && name !== undefined) done(name)
        else fail(problemOf(service, status, text))
      })
      .write(headOf(service, UPLOAD_PATH, size, { type: 'application/octet-stream' }))
    // A file that grows meanwhile is cut at the length in the head.
    const content = size === 0 ? null : createReadStream(path, { end: size - 1 })
    content?.on('error', (error) => fail(unreadable(path, error))).pipe(socket, { end: false })
  })
}

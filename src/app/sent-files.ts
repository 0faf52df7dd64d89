import type { NeededFile } from '../client/command-request.ts'

/** What a client of the service sent of a file: its text, or `upload:<sha256>`; null where the client has no such file. */
export type SentFiles = (given: string, as: NeededFile['as']) => string | null

/** Ends a command that reads a file which its client has not sent. Nothing is done before that, so the client sends the command again. */
export class FileNeeded extends Error {
  readonly file: NeededFile

  constructor(file: NeededFile) {
    super(`the client sends ${file.given}`)
    this.file = file
  }
}

/** @param files what the client has sent so far, by the words that name it */
export const sentFiles =
  (files: { [given: string]: string | null }): SentFiles =>
  (given, as) => {
    const sent = Object.hasOwn(files, given) ? files[given] : undefined
    if (sent === undefined) throw new FileNeeded({ given, as })
    return sent
  }

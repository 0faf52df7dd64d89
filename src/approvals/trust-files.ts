import { readFileSync, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Tools } from '../tools/open-tools.ts'

/** What determines whose signature counts: the files, and where ssh-keygen is, which judges by them. */
export interface Trust {
  /** Path of the allowed_signers file. */
  allowedSigners: string
  /** Path of a KRL or a list of public keys. */
  revokedKeys?: string
  /** Path of the instance's own public key, which signs closeouts and approves nothing. */
  instanceKey?: string
  /** Where ssh-keygen is found. Left out: in the trusted folders. */
  tools?: Tools | undefined
  /** Reads a file; null when it cannot be read. Reads from the disk, each time, when left out. */
  read?(path: string): Promise<Buffer | null>
}

/** Reads one of the files. Null when it cannot be read. */
export function readTrustFile({ read = fromDisk }: Trust, path: string): Promise<Buffer | null> {
  return read(path)
}

/** Reads allowed_signers as text. Empty when the file cannot be read, which admits nobody. */
export async function readSignersText(trust: Trust): Promise<string> {
  return (await readTrustFile(trust, trust.allowedSigners))?.toString() ?? ''
}

/** Makes a trust that reads each file once, so that the recorded files are those by which the decision was judged. */
export function readEachFileOnce(trust: Trust): Trust {
  const known = new Map<string, Promise<Buffer | null>>()
  const read = (path: string) => {
    const found = known.get(path) ?? readTrustFile(trust, path)
    known.set(path, found)
    return found
  }
  return { ...trust, read }
}

/** A file is read at once: it is small, each gate reads it, and handing it to another thread costs many times as much. A pipe may block. */
async function fromDisk(path: string): Promise<Buffer | null> {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined) return null
    return stat.isFile() ? readFileSync(path) : await readFile(path)
  } catch {
    return null
  }
}

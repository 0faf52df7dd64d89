import { readFile } from 'node:fs/promises'

/** The files that say whose signature counts. */
export interface Trust {
  /** Path of the allowed_signers file. */
  allowedSigners: string
  /** Path of a KRL or a list of public keys. */
  revokedKeys?: string
  /** Path of the instance's own public key, which vouches for closeouts and approves nothing. */
  instanceKey?: string
  /** How the files are read; null for one that can't be. From the disk, each time, when left out. */
  read?(path: string): Promise<Buffer | null>
}

export function readTrustFile({ read = fromDisk }: Trust, path: string): Promise<Buffer | null> {
  return read(path)
}

/** The allowed_signers file as text; empty where there is none, which vouches for nobody. */
export async function readSignersText(trust: Trust): Promise<string> {
  return (await readTrustFile(trust, trust.allowedSigners))?.toString() ?? ''
}

/** The same files, each read once: what is recorded as the trust of a decision is then what the decision was judged by. */
export function readEachFileOnce(trust: Trust): Trust {
  const known = new Map<string, Promise<Buffer | null>>()
  const read = (path: string) => {
    const found = known.get(path) ?? readTrustFile(trust, path)
    known.set(path, found)
    return found
  }
  return { ...trust, read }
}

function fromDisk(path: string): Promise<Buffer | null> {
  return readFile(path).catch(() => null)
}

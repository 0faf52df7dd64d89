import { CommandFailed, type HostCommand, type HostSession } from './host-session.ts'
import type { DeployPaths } from './paths.ts'
import * as read from './read-commands.ts'

/** A host's own facts. All of them come from commands that only read. */
export interface HostFacts {
  hostname: string
  os: string
  kernel: string
  machine: string
  machineId: string
  user: string
  uid: string
  /** Seconds by which the host's clock is ahead of this machine's. */
  clockAheadSeconds: number
}

/** The anchor of a tree that must stay as it is, to the byte. */
export interface Anchor {
  path: string
  present: boolean
  treeHash: string
  shapeHash: string
  files: number
  owner: string
  modifiedAt: string
  gitHead: string
  gitClean: string
  /** What could not be read, so that the anchor doesn't cover it. Empty when it covers everything. */
  unread: string
}

/** The lines of each part, or `not available` where the host has no tool for it. */
type SystemState = { [part in read.SystemPart]: string[] | 'not available' }

/** What must not change on a host. */
export interface Anchors {
  previous: Anchor[]
  /** The parent's own entries, one line for each. */
  listing: string[]
  system: SystemState
}

/** Reads the facts of a host. `now`: this machine's clock. */
export async function surveyFacts(session: HostSession, now: () => Date): Promise<HostFacts> {
  const before = now().getTime()
  const found = read.parsePairs(await session.text(read.readFacts()))
  const middle = (before + now().getTime()) / 2000
  const {
    hostname = '',
    os = '',
    kernel = '',
    machine = '',
    machineId = '',
    user = '',
    uid = '',
    time = '0',
  } = found
  return {
    hostname,
    os,
    kernel,
    machine,
    machineId,
    user,
    uid,
    clockAheadSeconds: Math.round(Number(time) - middle),
  }
}

/** Bytes of a listing that are read: enough for a folder of a hundred thousand entries. */
const MAX_LISTING = 16 * 1024 * 1024

/** Takes the anchors of a host: the previous versions without their `mutable` paths, the parent's entries, and what runs there. */
export async function surveyAnchors(
  session: HostSession,
  place: DeployPaths,
  mutable: string[],
): Promise<Anchors> {
  const [listed, system, previous] = await Promise.all([
    session.run(read.listFolder(place.parent, ...place.ours), { maxOutputBytes: MAX_LISTING }),
    session.text(read.readSystem()),
    readPrevious(session, place, mutable),
  ])
  return {
    previous,
    listing: splitLines(listed.stdout.toString('utf8')),
    system: parseSystem(system),
  }
}

/** One after the other, because each reads a complete tree. */
async function readPrevious(
  session: HostSession,
  { previous, live }: DeployPaths,
  mutable: string[],
): Promise<Anchor[]> {
  const anchors: Anchor[] = []
  for (const path of previous)
    anchors.push(await readOneAnchor(session, read.readAnchor(path, path === live, mutable), path))
  return anchors
}

function parseSystem(text: string): SystemState {
  const found = Object.fromEntries(read.SYSTEM_PARTS.map((part) => [part, 'not available'])) as SystemState
  let part: read.SystemPart | undefined
  for (const line of splitLines(text)) {
    const [, name, missing] = /^\[([a-z-]+)\]( not available)?$/.exec(line) ?? []
    if (name !== undefined) {
      part = name as read.SystemPart
      found[part] = missing === undefined ? [] : 'not available'
    } else if (part !== undefined) (found[part] as string[]).push(line)
  }
  return found
}

const splitLines = (text: string) => text.split('\n').filter((line) => line !== '')

async function readOneAnchor(session: HostSession, command: HostCommand, path: string): Promise<Anchor> {
  const result = await session.run(command)
  const { exitCode, stdout, stderr } = result
  if (exitCode !== 0 && exitCode !== read.NO_FOLDER) throw new CommandFailed(command, result)
  const found = read.parsePairs(stdout.toString('utf8'))
  const {
    treeHash = '',
    shapeHash = '',
    files = '0',
    owner = '',
    modifiedAt = '',
    gitHead = '',
    gitClean = '',
  } = found
  return {
    path,
    present: exitCode === 0,
    treeHash,
    shapeHash,
    files: Number(files),
    owner,
    modifiedAt,
    gitHead,
    gitClean,
    unread: exitCode === 0 ? (stderr.toString('utf8').trim().split('\n')[0] ?? '').slice(0, 300) : '',
  }
}

/** The fields of answers that the page reads. docs/openapi.json describes all of them. */

export type Mode = 'dry-run' | 'live'
export type Status = 'working' | 'paused' | 'stopped' | 'closed'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

export interface Session {
  name: string
  role: 'viewer' | 'operator' | 'admin'
  machines: string[] | null
  runId: string | null
}

interface Stop {
  code: string
  message: string
  next?: string
}

interface Hold {
  since: string
  reason: string
  by: string
}

export interface Run {
  runId: string
  machine: string
  version: string
  mode: Mode
  status: Status
  state: string
  phase: string | null
  stopCode: string | null
  outcome: string | null
  gate: string | null
  planDigest: string | null
  startedBy: string
  startedAt: string
  updatedAt: string
  output: { [key: string]: Json }
  about: string
  stop?: Stop
  hold?: Hold | null
}

interface GateDecision {
  gate: string | null
  decision: string
  approvers: { name: string; fingerprint: string | null }[]
  usedSeq: number
  usedAt: string
}

export interface ShownRun extends Run {
  osUser: string
  operatorDeclared: 'self' | 'config' | 'token'
  startedThrough: 'mcp' | 'page' | null
  closeout?: 'signed' | 'unsigned'
  decisions: GateDecision[]
}

export interface Entry {
  seq: number
  at: string
  event: { type: string; [key: string]: Json }
  by: string
  state: string
  status: Status
  hash: string
}

interface Ahead {
  state: string
  phase: string | null
  kind: 'read' | 'write' | null
  status: Status
}

export interface Explanation {
  runId: string
  mode: Mode
  status: Status
  state: string
  outcome: string | null
  waitsFor: { kind: string; gate: string | null; since: string; planDigest: string | null }
  stop: Stop | null
  afterStop: 'resume' | 'another-run' | null
  upgrade: { from: string; to: string } | null
  hold: Hold | null
  approvers: { principal: string; keys: { type: string; fingerprint: string }[]; may: boolean; why: string }[]
  policy: { need: number; of: string[] | null; validHours: number; fourEyes: boolean } | null
  approvals: {
    approvalId: string
    approver: string
    decision: string
    wouldCount: boolean
    message: string | null
  }[]
  ifApproved: Ahead[]
  ifRetried: Ahead[]
  refusals: { reason: string; message: string; next: string | null }[]
  differences: string[]
  differsFrom: 'plan' | 'earlier-plan' | null
}

export interface InboxItem {
  runId: string
  machine: string
  mode: Mode
  status: 'paused' | 'stopped'
  state: string
  gate: string | null
  about: string
  since: string
  startedBy: string
  isFinal: boolean
  need: number
  have: string[]
  may: string[]
  expiresAt: string | null
  why: string | null
  next: string | null
}

export interface Inbox {
  at: string
  items: InboxItem[]
  more: number
  next: string | null
  working: number
}

export interface HoldAnswer {
  on: boolean
  since: string | null
  reason: string | null
  by: string | null
  released: string[]
}

export interface Execution {
  enabled: boolean
  until: string | null
  allowLive: boolean
  reason: string | null
  by: string | null
}

interface Point {
  x: number
  y: number
}

export interface Chart {
  machine: string
  version: string
  here: string
  path: string[]
  isSame: boolean
  width: number
  height: number
  nodes: (Point & {
    state: string
    gates: string[]
    outcome: string | null
    width: number
    height: number
  })[]
  edges: { from: string; to: string; labels: string[]; points: Point[]; at: Point }[]
  fromAnywhere: { to: string; label: string }[]
}

export interface Evidence {
  seq: number
  name: string
  digest: string
  mediaType: string
  bytes: number
}

/** An error as the service answers it (RFC 9457). */
export interface Problem {
  status: number
  detail: string
  code: string
  next?: string
  reason?: string
}
export interface GateAhead {
  isFinal: boolean
  steps: {
    state: string
    phase: string | null
    kind: 'read' | 'write' | null
    wayBack: string | null
    isFinal: boolean
  }[]
  passkeys: {
    origins: string[]
    rpIds: string[] | null
    keys: { principal: string; publicKey: string }[]
  } | null
}

export interface PlanChanges {
  from: string | null
  to: string
  fromSeq: number | null
  because: string[]
  parts: {
    part: string
    differences: { how: 'added' | 'removed' | 'changed'; what: string; words: WordChange[] }[]
    more: number
  }[]
}

export interface ImportedApproval {
  approvalId: string
  approver: string
  decision: string
  expiresAt: string
  countsUntil?: string
  warning: { reason: string; message: string } | null
}

export interface ListedTarget {
  target: string
  takes: string[]
}

export interface DocumentList {
  target: string
  asOf: string
  documents: { document: string; units: number; changedAt: string }[]
}

export interface HeldUnit {
  address: string
  document: string | null
  kind: string
  number: string | null
  title: string | null
  parent: string | null
  versionSeq: number
  since: string
  enactedAt: string
  commencesOn: string | null
  runId: string | null
}

export interface ShownDocument {
  target: string
  asOf: string
  address: string
  unit: (HeldUnit & { text: string }) | null
  units: HeldUnit[]
}

export interface WordChange {
  kind: 'same' | 'removed' | 'added'
  text: string
}

export interface UnitHistory {
  target: string
  address: string
  versions: {
    versionSeq: number
    status: string
    enactedAt: string | null
    commencesOn: string | null
    since: string | null
    until: string | null
    runId: string | null
    changes: WordChange[] | null
  }[]
}

export interface FoundUnits {
  target: string
  asOf: string
  words: string
  units: (HeldUnit & { excerpt: string })[]
  hasMore: boolean
}

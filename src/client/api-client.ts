// Generated from docs/openapi.json by `npm run docs`. Each schema and each operation is one line.

/** One request of the API: what an operation sends, and in which form its answer is read. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE'
  /** With parameters and query. */
  path: string
  /** What is sent as JSON, or the bytes of a file; undefined for nothing. */
  body: unknown
  answer: 'json' | 'text' | 'bytes'
}

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json }

/** Sends a request, and resolves to its answer. Rejects with whatever the transport makes of a problem document. */
export type Send = (request: ApiRequest) => Promise<unknown>

const query = (given: { [name: string]: unknown }): string => {
  const pairs = Object.entries(given).filter(([, value]) => value !== undefined)
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, String(value)]))}`
}
const part = (value: string) => encodeURIComponent(value)

/** The shapes of answers, which are those of --json. A later version may add fields. */
export interface Schemas {
  'problem': { type: string; title: string; status: number; detail: string; code: string; next?: string; reason?: string; touched: ({ runId: string; seq: number; event: string })[] }
  'ahead-of-gate': { isFinal: boolean; steps: ({ state: string; phase: string | null; kind: 'read' | 'write' | null; wayBack: string | null; isFinal: boolean })[]; passkeys: { origins: (string)[]; rpIds: (string)[] | null; keys: ({ principal: string; publicKey: string })[] } | null }
  'approval': { approvalId: string; runId: string; machine: string; gate: string; seq: number; planDigest: string; decision: 'approve' | 'reject' | 'void' | 'abandon'; kind: 'signed' | 'rehearsal'; approver: string; expiresAt: string; countsUntil?: string; endsBySigners?: boolean; countsFrom?: string }
  'approval-list': ({ approvalId: string; runId: string; machine: string; gate: string; seq: number; planDigest: string; decision: 'approve' | 'reject' | 'void' | 'abandon'; kind: 'signed' | 'rehearsal'; approver: string; expiresAt: string; countsUntil?: string; endsBySigners?: boolean; countsFrom?: string; usedSeq: number | null; usedAt: string | null; countedSeq: number | null })[]
  'approval-shown': { approvalId: string; runId: string; machine: string; gate: string; seq: number; planDigest: string; decision: 'approve' | 'reject' | 'void' | 'abandon'; kind: 'signed' | 'rehearsal'; approver: string; expiresAt: string; countsUntil?: string; endsBySigners?: boolean; countsFrom?: string; usedSeq: number | null; usedAt: string | null; countedSeq: number | null; statement: { type: string; runId: string; gate: string; planDigest: string }; statementText: string; signature: string | null }
  'countersignature': { runId: string; kind: 'countersign'; signer: string; at: string; closeoutDigest: string; warning?: string | null }
  'doctor-runs': ({ runId: string; machine: string; about: string; status: 'working' | 'paused' | 'stopped' | 'closed'; state: string; wakes: 'approval' | 'resume' | 'work' | 'timer'; gate: string | null; expiresAt: string | null; isStranded: boolean; blockers: ({ reason: string; message: string; next: string | null })[] })[]
  'document-diff': { changes: ({ change: string; address: string; newAddress: string | null; oldSha256: string | null; newSha256: string | null; occurrence?: number })[]; other: ({ removed: (string)[]; added: (string)[] })[]; places: (string)[] }
  'document-history': { target: string; address: string; alias: string | null; versions: ({ versionSeq: number; status: string; title: string | null; contentHash: string; text: string; createdAt: string; enactedAt: string | null; commencesOn: string | null; since: string | null; until: string | null; runId: string | null; actor: string | null; reviewDecisionId: string | null; reason: string | null; changes: ({ kind: 'same' | 'removed' | 'added'; text: string })[] | null })[] }
  'document-list': { target: string; asOf: string; documents: ({ document: string; units: number; changedAt: string })[] }
  'document-profiles': ({ name: string; version: string; description: string; languages: (string)[]; syntax: (string)[]; from: string; detected: 'first' | 'fallback' | 'named'; levels: ({ name: string; code: string; role: string })[] })[]
  'document-scan': { document: string; profile: string; profileVersion: string; reading: string; confidence: number; why: string; bytes: number; sha256: string; encoding: string; records: ({ kind: 'unit' | 'container' | 'excluded' | 'other'; level: string | null; number: string | null; address: string | null; heading: string | null; status: string | null; start: number; end: number; sha256: string; parent: Json; reason?: string })[]; coverage: { complete: boolean; gaps: (Json)[]; overlaps: (Json)[] }; problems: ({ code: string; message: string; line: number; column: number; start: number; severity: 'stops' | 'needs-accept' | 'note' })[]; suspects?: ({ line: number; code: string; severity: 'stops' | 'needs-accept' | 'note'; text: string; reason: string })[] }
  'document-search': { target: string; asOf: string; words: string; units: ({ address: string; document: string | null; kind: string; number: string | null; title: string | null; parent: string | null; versionSeq: number; contentHash: string; since: string; enactedAt: string; commencesOn: string | null; runId: string | null; excerpt: string })[]; hasMore: boolean }
  'document-show': { target: string; asOf: string; address: string; alias: string | null; unit: { address: string; document: string | null; kind: string; number: string | null; title: string | null; parent: string | null; versionSeq: number; contentHash: string; since: string; enactedAt: string; commencesOn: string | null; runId: string | null; text: string } | null; part: { address: string; text: string } | null; parts: ({ address: string; text: string })[]; units: ({ address: string; document: string | null; kind: string; number: string | null; title: string | null; parent: string | null; versionSeq: number; contentHash: string; since: string; enactedAt: string; commencesOn: string | null; runId: string | null })[] }
  'evidence-list': ({ seq: number; name: string; digest: string; mediaType: string; bytes: number })[]
  'execution': { enabled: boolean; until: string | null; at: string; allowLive: boolean; reason: string | null; by: string | null }
  'explanation': { runId: string; mode: 'dry-run' | 'live'; status: 'working' | 'paused' | 'stopped' | 'closed'; state: string; outcome: 'succeeded' | 'failed' | 'rolled-back' | 'rejected' | 'cancelled' | 'voided' | 'abandoned' | null; waitsFor: { kind: 'approval' | 'retry' | 'work' | 'nothing'; gate: string | null; since: string; planDigest: string | null; expiresAt: string | null }; unsettledWrites: ({ phase: string; seq: number; attempt: number; startedAt: string; known: string })[]; stop: { code: string; message: string; next?: string; data?: { [name: string]: Json } } | null; afterStop: 'resume' | 'another-run' | null; upgrade: { from: string; to: string } | null; hold: { since: string; reason: string; by: string } | null; approvers: ({ principal: string; keys: ({ type: string; fingerprint: string })[]; may: boolean; why: string })[]; policy: { need: number; of: (string)[] | null; validHours: number; fourEyes: boolean } | null; approvals: ({ approvalId: string })[]; ifApproved: ({ state: string; phase: string | null; status: 'working' | 'paused' | 'stopped' | 'closed'; kind: 'read' | 'write' | null })[]; ifRetried: ({ state: string; phase: string | null; status: 'working' | 'paused' | 'stopped' | 'closed'; kind: 'read' | 'write' | null })[]; hosts: ({ host: string; state: string; why: string | null; ahead: (string)[] })[]; refusals: ({ reason: string; message: string; next: string | null })[]; differences: (string)[]; differsFrom: 'plan' | 'earlier-plan' | null; world: { how: 'looked' | 'last-seen'; at: string; why: string | null; isAsPlanned: boolean | null } | null }
  'graph': { machine: string; version: string; state: string | null; mermaid: string }
  'history': ({ seq: number; at: string; event: { type: string }; by: string; state: string; status: 'working' | 'paused' | 'stopped' | 'closed'; snapshotDigest: string; previousHash: string; hash: string })[]
  'hold': { on: boolean; since: string | null; reason: string | null; by: string | null; released: (string)[] }
  'inbox': { at: string; items: ({ runId: string; machine: string; mode: 'dry-run' | 'live'; status: 'paused' | 'stopped'; state: string; gate: string | null; about: string; since: string; startedBy: string; isFinal: boolean; need: number; have: (string)[]; may: (string)[]; expiresAt: string | null; readyApproval: string | null; why: string | null; next: string | null })[]; more: number; next: string | null; working: number }
  'machine-list': ({ name: string; version: string; definitionDigest: string; gates: (string)[]; from: string })[]
  'passkey-ids': { rpIds: (string)[] | null }
  'plan-changes': { from: string | null; to: string; fromSeq: number | null; because: (string)[]; parts: ({ part: string; differences: ({ how: 'added' | 'removed' | 'changed'; what: string; words: ({ kind: 'same' | 'removed' | 'added'; text: string })[] })[]; more: number })[] }
  'report-list': { runId: string; seq: number; reports: (string)[] }
  'run': { runId: string; machine: string; version: string; mode: 'dry-run' | 'live'; status: 'working' | 'paused' | 'stopped' | 'closed'; state: string; phase: string | null; stopCode: string | null; outcome: 'succeeded' | 'failed' | 'rolled-back' | 'rejected' | 'cancelled' | 'voided' | 'abandoned' | null; gate: string | null; planDigest: string | null; startedBy: string; startedAt: string; updatedAt: string; output: { [name: string]: Json }; about: string; stop?: { code: string; message: string; next?: string; data?: { [name: string]: Json } }; hold?: { since: string; reason: string; by: string } | null; note?: string; error?: { code: string; message: string; next?: string; reason?: string; differences?: (string)[] } }
  'run-chart': { machine: string; version: string; here: string; path: (string)[]; isSame: boolean; width: number; height: number; nodes: ({ x: number; y: number; state: string; gates: (string)[]; outcome: string | null; width: number; height: number })[]; edges: ({ from: string; to: string; labels: (string)[]; points: ({ x: number; y: number })[]; at: { x: number; y: number } })[]; fromAnywhere: ({ to: string; label: string })[] }
  'run-list': ({ runId: string; machine: string; version: string; mode: 'dry-run' | 'live'; status: 'working' | 'paused' | 'stopped' | 'closed'; state: string; phase: string | null; stopCode: string | null; outcome: 'succeeded' | 'failed' | 'rolled-back' | 'rejected' | 'cancelled' | 'voided' | 'abandoned' | null; gate: string | null; planDigest: string | null; startedBy: string; startedAt: string; updatedAt: string; output: { [name: string]: Json }; about: string; stop?: { code: string; message: string; next?: string; data?: { [name: string]: Json } }; hold?: { since: string; reason: string; by: string } | null; note?: string; error?: { code: string; message: string; next?: string; reason?: string; differences?: (string)[] } })[]
  'run-shown': { runId: string; machine: string; version: string; mode: 'dry-run' | 'live'; status: 'working' | 'paused' | 'stopped' | 'closed'; state: string; phase: string | null; stopCode: string | null; outcome: 'succeeded' | 'failed' | 'rolled-back' | 'rejected' | 'cancelled' | 'voided' | 'abandoned' | null; gate: string | null; planDigest: string | null; startedBy: string; startedAt: string; updatedAt: string; output: { [name: string]: Json }; about: string; stop?: { code: string; message: string; next?: string; data?: { [name: string]: Json } }; hold?: { since: string; reason: string; by: string } | null; note?: string; error?: { code: string; message: string; next?: string; reason?: string; differences?: (string)[] }; osUser: string; operatorDeclared: 'self' | 'config' | 'token'; startedThrough: 'mcp' | 'page' | null; closeout?: 'signed' | 'unsigned'; gateExpiresAt: string | null; readyApproval: string | null; unsettledWrites: ({ phase: string; seq: number; attempt: number; startedAt: string; known: string })[]; decisions: ({ gate: string | null; decision: 'approve' | 'reject' | 'void' | 'abandon'; approvalId: string; approvers: ({ approvalId: string; name: string; fingerprint: string | null; reason: string })[]; broughtSeq: number; usedSeq: number; usedAt: string })[] }
  'session': { name: string; role: 'viewer' | 'operator' | 'admin'; machines: (string)[] | null; runId: string | null }
  'session-opened': { name: string; role: 'viewer' | 'operator' | 'admin'; machines: (string)[] | null; runId: string | null; guard: string }
  'target-grants': { target: string; grantsMatch: boolean; grantMatrixDigest: string; expectedDigest: string; facts: ({ fact: string; holds: boolean; expected: boolean })[]; wrong: (string)[] }
  'target-list': ({ target: string; takes: ('cuts' | 'migrations')[]; isEmbedded: boolean })[]
  'target-survey': { target: string; server: { systemIdentifier: string; database: string; version: string }; counts: { [name: string]: { [name: string]: number | null } }; grantsMatch: boolean; wrong: (string)[] }
  'token': { tokenId: string; name: string; role: 'viewer' | 'operator' | 'admin'; machines: (string)[] | null; runId: string | null; createdAt: string; createdBy: string; expiresAt: string; revokedAt: string | null; revokedBy: string | null; lastUsedAt: string | null; valid: boolean }
  'token-created': { tokenId: string; name: string; role: 'viewer' | 'operator' | 'admin'; machines: (string)[] | null; runId: string | null; createdAt: string; createdBy: string; expiresAt: string; revokedAt: string | null; revokedBy: string | null; lastUsedAt: string | null; valid: boolean; token: string }
  'token-list': ({ tokenId: string; name: string; role: 'viewer' | 'operator' | 'admin'; machines: (string)[] | null; runId: string | null; createdAt: string; createdBy: string; expiresAt: string; revokedAt: string | null; revokedBy: string | null; lastUsedAt: string | null; valid: boolean })[]
}

/** The operations of the API. A stream of events is read by its path. */
export function createApiClient(send: Send) {
  return {
    /** Whether the process lives */
    getHealthz: () => send({ method: 'GET', path: `/healthz`, body: undefined, answer: 'json' }) as Promise<unknown>,
    /** Whether the service can work */
    getReadyz: () => send({ method: 'GET', path: `/readyz`, body: undefined, answer: 'json' }) as Promise<unknown>,
    /** What the service does and holds, as Prometheus reads it */
    getMetrics: () => send({ method: 'GET', path: `/metrics`, body: undefined, answer: 'text' }) as Promise<string>,
    /** This description */
    getOpenapiJson: () => send({ method: 'GET', path: `/openapi.json`, body: undefined, answer: 'json' }) as Promise<unknown>,
    /** Who calls, and what the token reaches */
    getSession: () => send({ method: 'GET', path: `/api/v1/session`, body: undefined, answer: 'json' }) as Promise<Schemas['session']>,
    /** Opens a session for a browser, by a token, the code of a sign-in link, or a passkey */
    postSession: (given: { token?: string; code?: string; passkey?: { statement: string; signature: string } } = {}) => send({ method: 'POST', path: `/api/v1/session`, body: { token: given.token, code: given.code, passkey: given.passkey }, answer: 'json' }) as Promise<Schemas['session-opened']>,
    /** The bytes that a passkey signs to sign in, for the namespace cutter.sign-in */
    postSessionStatement: (given: { principal: string }) => send({ method: 'POST', path: `/api/v1/session/statement`, body: { principal: given.principal }, answer: 'json' }) as Promise<unknown>,
    /** Ends the session of a browser */
    postSessionEnd: () => send({ method: 'POST', path: `/api/v1/session/end`, body: {  }, answer: 'json' }) as Promise<Schemas['session']>,
    /** Lists runs, newest first. The header Link names the next page. */
    getRuns: (given: { status?: 'working' | 'paused' | 'stopped' | 'closed'; machine?: string; mode?: 'dry-run' | 'live'; document?: string; target?: string; host?: string; gate?: string; approver?: string; operator?: string; since?: string; until?: string; text?: string; limit?: number; cursor?: string } = {}) => send({ method: 'GET', path: `/api/v1/runs${query({ status: given.status, machine: given.machine, mode: given.mode, document: given.document, target: given.target, host: given.host, gate: given.gate, approver: given.approver, operator: given.operator, since: given.since, until: given.until, text: given.text, limit: given.limit, cursor: given.cursor })}`, body: undefined, answer: 'json' }) as Promise<Schemas['run-list']>,
    /** Starts a run. 202 when it still works after `wait` seconds. */
    postRuns: (given: { wait?: number | null; machine: string; input?: { [name: string]: Json }; mode?: 'dry-run' | 'live'; key?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs${query({ wait: given.wait })}`, body: { machine: given.machine, input: given.input, mode: given.mode, key: given.key, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Shows a run */
    getRunsByRun: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}`, body: undefined, answer: 'json' }) as Promise<Schemas['run-shown']>,
    /** Waits until a run comes to a gate, closes or rests, and answers it; 202 when the time was over before */
    getRunsByRunWait: (given: { run: string; for?: 'rest' | 'gate' | 'closed'; timeout?: number | null }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/wait${query({ for: given.for, timeout: given.timeout })}`, body: undefined, answer: 'json' }) as Promise<Schemas['run']>,
    /** The history of a run */
    getRunsByRunHistory: (given: { run: string; verify?: 'true' | 'false' }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/history${query({ verify: given.verify })}`, body: undefined, answer: 'json' }) as Promise<Schemas['history']>,
    /** The plan of a run, in the bytes whose SHA-256 is planDigest; or as Markdown for people */
    getRunsByRunPlan: (given: { run: string; format?: 'json' | 'markdown'; page?: number; pageSize?: number }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/plan${query({ format: given.format, page: given.page, pageSize: given.pageSize })}`, body: undefined, answer: 'json' }) as Promise<unknown>,
    /** What a run waits for, who could give it, and what would happen then */
    getRunsByRunExplain: (given: { run: string; offline?: 'true' | 'false' }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/explain${query({ offline: given.offline })}`, body: undefined, answer: 'json' }) as Promise<Schemas['explanation']>,
    /** The machine of a run as a Mermaid diagram, with its state marked */
    getRunsByRunGraph: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/graph`, body: undefined, answer: 'json' }) as Promise<Schemas['graph']>,
    /** Lists the evidence of a run */
    getRunsByRunEvidence: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/evidence`, body: undefined, answer: 'json' }) as Promise<Schemas['evidence-list']>,
    /** The bytes of evidence, by its digest */
    getRunsByRunEvidenceByDigest: (given: { run: string; digest: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/evidence/${part(given.digest)}`, body: undefined, answer: 'bytes' }) as Promise<Uint8Array>,
    /** Makes the reports of a run that rests, and lists their names */
    getRunsByRunReports: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/reports`, body: undefined, answer: 'json' }) as Promise<Schemas['report-list']>,
    /** A report of a run, as Markdown or as JSON */
    getRunsByRunReportsByName: (given: { run: string; name: string; format?: 'markdown' | 'json' }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/reports/${part(given.name)}${query({ format: given.format })}`, body: undefined, answer: 'text' }) as Promise<string>,
    /** The evidence bundle of a run */
    getRunsByRunBundle: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/bundle`, body: undefined, answer: 'bytes' }) as Promise<Uint8Array>,
    /** Resumes a run: with an approval at a gate, or after a stop */
    postRunsByRunResume: (given: { run: string; wait?: number | null; approval?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/resume${query({ wait: given.wait })}`, body: { approval: given.approval, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Resumes a stopped or interrupted run without an approval */
    postRunsByRunRetry: (given: { run: string; wait?: number | null; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/retry${query({ wait: given.wait })}`, body: { by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Closes a run as cancelled */
    postRunsByRunCancel: (given: { run: string; wait?: number | null; reason: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/cancel${query({ wait: given.wait })}`, body: { reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Voids a run at its gate by an imported approval with that decision; a dry run needs a reason alone */
    postRunsByRunVoid: (given: { run: string; wait?: number | null; approval?: string; reason?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/void${query({ wait: given.wait })}`, body: { approval: given.approval, reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Starts a run that takes a closed deploy back */
    postRunsByRunRollback: (given: { run: string; wait?: number | null; to?: string; host?: string; staging?: string; mode?: 'dry-run' | 'live'; key?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/rollback${query({ wait: given.wait })}`, body: { to: given.to, host: given.host, staging: given.staging, mode: given.mode, key: given.key, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** Closes a run that cannot be settled as abandoned. A live run needs a signed statement. */
    postRunsByRunAbandon: (given: { run: string; wait?: number | null; approval?: string; reason?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/abandon${query({ wait: given.wait })}`, body: { approval: given.approval, reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['run']>,
    /** What waits for people: final gates first, then other gates, then stopped runs */
    getInbox: (given: { cursor?: string } = {}) => send({ method: 'GET', path: `/api/v1/inbox${query({ cursor: given.cursor })}`, body: undefined, answer: 'json' }) as Promise<Schemas['inbox']>,
    /** The chart of a run’s machine, laid out, with its state and the path that it took */
    getRunsByRunChart: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/chart`, body: undefined, answer: 'json' }) as Promise<Schemas['run-chart']>,
    /** What would happen after an approval now, and how each write is taken back */
    getRunsByRunAhead: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/ahead`, body: undefined, answer: 'json' }) as Promise<Schemas['ahead-of-gate']>,
    /** For which RP ids passkeys count */
    getPasskeys: () => send({ method: 'GET', path: `/api/v1/passkeys`, body: undefined, answer: 'json' }) as Promise<Schemas['passkey-ids']>,
    /** How the plan differs from the one with which the run came to this gate before */
    getRunsByRunPlanChanges: (given: { run: string }) => send({ method: 'GET', path: `/api/v1/runs/${part(given.run)}/plan/changes`, body: undefined, answer: 'json' }) as Promise<Schemas['plan-changes']>,
    /** Lists approvals, oldest first */
    getApprovals: (given: { run?: string } = {}) => send({ method: 'GET', path: `/api/v1/approvals${query({ run: given.run })}`, body: undefined, answer: 'json' }) as Promise<Schemas['approval-list']>,
    /** Imports an approval that was signed elsewhere. The signature decides, whoever brings it. */
    postApprovals: (given: { statement: string; signature: string }) => send({ method: 'POST', path: `/api/v1/approvals`, body: { statement: given.statement, signature: given.signature }, answer: 'json' }) as Promise<Schemas['approval']>,
    /** Shows an approval with its statement and signature */
    getApprovalsByApprovalId: (given: { approvalId: string }) => send({ method: 'GET', path: `/api/v1/approvals/${part(given.approvalId)}`, body: undefined, answer: 'json' }) as Promise<Schemas['approval-shown']>,
    /** Composes the bytes to sign for a decision on the plan at which a run waits, or to abandon a run */
    postRunsByRunStatement: (given: { run: string; as: string; decision?: 'approve' | 'reject' | 'void' | 'abandon'; reason?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/statement`, body: { as: given.as, decision: given.decision, reason: given.reason }, answer: 'text' }) as Promise<string>,
    /** Makes a rehearsal approval, which counts in dry runs only */
    postRunsByRunRehearsals: (given: { run: string; as?: string; decision?: 'approve' | 'reject' | 'void' | 'abandon'; reason?: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/rehearsals`, body: { as: given.as, decision: given.decision, reason: given.reason }, answer: 'json' }) as Promise<Schemas['approval']>,
    /** Composes the bytes to sign to countersign the closeout of a closed run */
    postRunsByRunCloseoutStatement: (given: { run: string; as: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/closeout/statement`, body: { as: given.as }, answer: 'text' }) as Promise<string>,
    /** Keeps a countersignature of a closeout that was signed elsewhere, in the namespace cutter.closeout. The signature decides, whoever brings it. */
    postRunsByRunCloseoutSignatures: (given: { run: string; statement: string; signature: string }) => send({ method: 'POST', path: `/api/v1/runs/${part(given.run)}/closeout/signatures`, body: { statement: given.statement, signature: given.signature }, answer: 'json' }) as Promise<Schemas['countersignature']>,
    /** Keeps a file, for the input of runs */
    postUploads: (given: { content: Uint8Array }) => send({ method: 'POST', path: `/api/v1/uploads`, body: given.content, answer: 'json' }) as Promise<unknown>,
    /** Makes a migration bundle of uploaded files, for the input of runs */
    postUploadsFolders: (given: { name: string; files: { [name: string]: string } }) => send({ method: 'POST', path: `/api/v1/uploads/folders`, body: { name: given.name, files: given.files }, answer: 'json' }) as Promise<unknown>,
    /** Scans a document: how it would be cut, and what is odd about it */
    postDocumentsScan: (given: { file: string; profile?: string; document?: string; expect?: string; suspects?: boolean }) => send({ method: 'POST', path: `/api/v1/documents/scan`, body: { file: given.file, profile: given.profile, document: given.document, expect: given.expect, suspects: given.suspects }, answer: 'json' }) as Promise<Schemas['document-scan']>,
    /** Compares two texts of a document, unit by unit */
    postDocumentsDiff: (given: { old: string; new: string; profile?: string; document?: string }) => send({ method: 'POST', path: `/api/v1/documents/diff`, body: { old: given.old, new: given.new, profile: given.profile, document: given.document }, answer: 'json' }) as Promise<Schemas['document-diff']>,
    /** Lists the documents in force in a target */
    getDocuments: (given: { target?: string; asOf?: string } = {}) => send({ method: 'GET', path: `/api/v1/documents${query({ target: given.target, asOf: given.asOf })}`, body: undefined, answer: 'json' }) as Promise<Schemas['document-list']>,
    /** What is in force at an address: a unit with its text, or the units of a document */
    getDocumentsShow: (given: { address: string; target?: string; asOf?: string }) => send({ method: 'GET', path: `/api/v1/documents/show${query({ address: given.address, target: given.target, asOf: given.asOf })}`, body: undefined, answer: 'json' }) as Promise<Schemas['document-show']>,
    /** The versions of a unit, and the words that each of them changed */
    getDocumentsHistory: (given: { address: string; target?: string }) => send({ method: 'GET', path: `/api/v1/documents/history${query({ address: given.address, target: given.target })}`, body: undefined, answer: 'json' }) as Promise<Schemas['document-history']>,
    /** Finds units in force by their words */
    getDocumentsSearch: (given: { words: string; document?: string; target?: string; asOf?: string }) => send({ method: 'GET', path: `/api/v1/documents/search${query({ words: given.words, document: given.document, target: given.target, asOf: given.asOf })}`, body: undefined, answer: 'json' }) as Promise<Schemas['document-search']>,
    /** Lists the profiles by which documents are read */
    getProfiles: () => send({ method: 'GET', path: `/api/v1/profiles`, body: undefined, answer: 'json' }) as Promise<Schemas['document-profiles']>,
    /** Lists machines */
    getMachines: () => send({ method: 'GET', path: `/api/v1/machines`, body: undefined, answer: 'json' }) as Promise<Schemas['machine-list']>,
    /** What continues each open run, and whether that can still happen */
    getProspects: () => send({ method: 'GET', path: `/api/v1/prospects`, body: undefined, answer: 'json' }) as Promise<Schemas['doctor-runs']>,
    /** Lists the databases that can be named as a target */
    getTargets: () => send({ method: 'GET', path: `/api/v1/targets`, body: undefined, answer: 'json' }) as Promise<Schemas['target-list']>,
    /** What a run would see of a target */
    getTargetsByTargetSurvey: (given: { target: string; document?: string }) => send({ method: 'GET', path: `/api/v1/targets/${part(given.target)}/survey${query({ document: given.document })}`, body: undefined, answer: 'json' }) as Promise<Schemas['target-survey']>,
    /** What each role may do in a target */
    getTargetsByTargetGrants: (given: { target: string }) => send({ method: 'GET', path: `/api/v1/targets/${part(given.target)}/grants`, body: undefined, answer: 'json' }) as Promise<Schemas['target-grants']>,
    /** Whether live writes are allowed now */
    getExecution: () => send({ method: 'GET', path: `/api/v1/execution`, body: undefined, answer: 'json' }) as Promise<Schemas['execution']>,
    /** Allows live writes for a time */
    postExecutionEnable: (given: { for: string; reason: string; by?: string }) => send({ method: 'POST', path: `/api/v1/execution/enable`, body: { for: given.for, reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['execution']>,
    /** Forbids live writes at once */
    postExecutionDisable: (given: { reason: string; by?: string }) => send({ method: 'POST', path: `/api/v1/execution/disable`, body: { reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['execution']>,
    /** Whether a hold is on, and which runs were released from it */
    getHold: () => send({ method: 'GET', path: `/api/v1/hold`, body: undefined, answer: 'json' }) as Promise<Schemas['hold']>,
    /** Switches the hold on: nothing starts or continues */
    postHoldOn: (given: { reason: string; by?: string }) => send({ method: 'POST', path: `/api/v1/hold/on`, body: { reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['hold']>,
    /** Switches the hold off */
    postHoldOff: (given: { reason?: string; by?: string } = {}) => send({ method: 'POST', path: `/api/v1/hold/off`, body: { reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['hold']>,
    /** Releases one run from the hold */
    postHoldReleaseByRun: (given: { run: string; reason?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/hold/release/${part(given.run)}`, body: { reason: given.reason, by: given.by }, answer: 'json' }) as Promise<Schemas['hold']>,
    /** Lists all tokens, without the tokens themselves */
    getTokens: () => send({ method: 'GET', path: `/api/v1/tokens`, body: undefined, answer: 'json' }) as Promise<Schemas['token-list']>,
    /** Makes a token */
    postTokens: (given: { name: string; role: 'viewer' | 'operator' | 'admin'; expires?: string; machines?: (string)[]; run?: string; by?: string }) => send({ method: 'POST', path: `/api/v1/tokens`, body: { name: given.name, role: given.role, expires: given.expires, machines: given.machines, run: given.run, by: given.by }, answer: 'json' }) as Promise<Schemas['token-created']>,
    /** Revokes a token */
    postTokensByTokenRevoke: (given: { token: string; by?: string }) => send({ method: 'POST', path: `/api/v1/tokens/${part(given.token)}/revoke`, body: { by: given.by }, answer: 'json' }) as Promise<Schemas['token']>,
  }
}

export type ApiClient = ReturnType<typeof createApiClient>

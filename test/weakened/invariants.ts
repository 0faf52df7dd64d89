/** Which functions hold invariants 4 to 9 of the house. Each of them is left out in a build of its own. */

/** A function that holds an invariant, and the tests that must notice when it does not. */
export interface Keeper {
  file: string
  /** The names of its functions. */
  functions: string[]
  /**
   * How a build is weakened: each `throw` is left out in a build of its own, or each `return` of this form, or the functions return
   * this expression at once, or this condition holds always or never, or an object is made without this property.
   */
  without:
    | 'throws'
    | { returning: string }
    | { result: string }
    | { condition: string; holds: boolean }
    | { property: string }
  tests: string[]
}

/** The invariants of the house that a single function can break, by what must always be true. */
export const INVARIANTS: { [invariant: string]: Keeper[] } = {
  'a gate is passed only by an approval': [
    {
      file: 'src/machine/gate-transition.ts',
      functions: ['findUsedApproval', 'assertStopsAtGates'],
      without: 'throws',
      tests: ['test/machine/validate-chart.test.ts', 'test/machines/upgrade-runs.test.ts'],
    },
    {
      file: 'src/engine/run-effect.ts',
      functions: ['assertApproved'],
      without: 'throws',
      tests: ['test/engine/unapproved-writes.test.ts'],
    },
    {
      file: 'src/store/sqlite/step-statements.ts',
      functions: ['stepStatements'],
      without: { condition: 'approvalUsed !== null', holds: false },
      tests: ['test/store/sqlite/conformance.test.ts'],
    },
    {
      file: 'src/machine/upgrade-step.ts',
      functions: ['refuseUnderApproval', 'refuseMoved', 'refuseOtherContext', 'refusePastGates'],
      without: 'throws',
      tests: ['test/machines/upgrade-runs.test.ts'],
    },
    {
      file: 'src/effects/cut/phases/cut-leg-a.ts',
      functions: ['assertNoDrift'],
      without: 'throws',
      tests: ['test/effects/cut/drift-in-lock.test.ts'],
    },
    {
      file: 'src/effects/cut/phases/lifecycle-enact.ts',
      functions: ['assertNoDrift'],
      without: 'throws',
      tests: ['test/effects/cut/drift-in-lock.test.ts'],
    },
    {
      file: 'src/effects/migrate/apply-in-transaction.ts',
      functions: ['assertFrozenScript', 'applyInTransaction'],
      without: 'throws',
      tests: [
        'test/effects/migrate/apply-in-transaction.test.ts',
        'test/effects/migrate/touched-relations.test.ts',
      ],
    },
    {
      file: 'src/effects/migrate/apply-in-transaction.ts',
      functions: ['compareApart'],
      without: {
        result:
          "Promise.resolve({ wrong: [], digests: Object.fromEntries(Object.keys(arguments[1].rehearsed?.apart ?? {}).map((name) => [name, 'any'])) })",
      },
      tests: ['test/effects/migrate/apply-in-transaction.test.ts'],
    },
    {
      file: 'src/effects/migrate/schema-drift.ts',
      functions: ['assertSameSchema'],
      without: 'throws',
      tests: ['test/effects/migrate/apply-in-transaction.test.ts'],
    },
    {
      file: 'src/engine/apply-approval.ts',
      functions: ['applyApproval'],
      without: 'throws',
      tests: ['test/approvals/judge-approval-cases.test.ts'],
    },
  ],
  'one judge for all doors': [
    {
      file: 'src/engine/resume-stopped.ts',
      functions: ['judgeAgain'],
      without: { condition: 'verdict.refusal === null', holds: true },
      tests: ['test/engine/resume-recheck.test.ts'],
    },
    {
      file: 'src/engine/manage-approvals.ts',
      functions: ['importApproval', 'assertKnownArrival'],
      without: 'throws',
      tests: ['test/engine/import-approval.test.ts'],
    },
    {
      file: 'src/engine/manage-approvals.ts',
      functions: ['assertNotSettled'],
      without: 'throws',
      tests: ['test/engine/import-approval-again.test.ts'],
    },
    {
      file: 'src/bundle/countersign-closeout.ts',
      functions: ['assertSameSigner'],
      without: 'throws',
      tests: ['test/bundle/countersign-closeout.test.ts'],
    },
    {
      file: 'src/approvals/parse-statement.ts',
      functions: ['parseStatement', 'readJson'],
      without: 'throws',
      tests: ['test/approvals/statement.test.ts'],
    },
    {
      file: 'src/approvals/import-approval.ts',
      functions: ['parseApproval'],
      without: 'throws',
      tests: ['test/approvals/import-approval.test.ts'],
    },
  ],
  'a caller of the service does what its token allows': [
    {
      file: 'src/service/access/assert-role.ts',
      functions: ['assertRole'],
      without: 'throws',
      tests: ['test/http/scope.test.ts', 'test/http/tokens.test.ts'],
    },
    {
      file: 'src/service/access/scope.ts',
      functions: ['isInScope'],
      without: { result: 'true' },
      tests: ['test/http/scope.test.ts'],
    },
    {
      file: 'src/service/access/input-files.ts',
      functions: ['admitPath'],
      without: 'throws',
      tests: ['test/http/inputs.test.ts'],
    },
    {
      file: 'src/service/access/authenticate.ts',
      functions: ['authenticate'],
      without: 'throws',
      tests: ['test/http/tokens.test.ts'],
    },
    {
      file: 'src/service/access/gate-link.ts',
      functions: ['findGateLinkFault'],
      without: { result: 'null' },
      tests: ['test/http/gate-links.test.ts'],
    },
    {
      file: 'src/http/guard.ts',
      functions: ['assertOwnSite'],
      without: 'throws',
      tests: ['test/http/requests.test.ts'],
    },
  ],
  'nothing but a signature approves': [
    {
      file: 'src/bundle/check-abandonment.ts',
      functions: ['findAbandonmentFault'],
      without: { result: 'null' },
      tests: ['test/bundle/abandoned-bundles.test.ts'],
    },
    {
      file: 'src/bundle/check-approvals.ts',
      functions: ['findMisplacedAbandonment'],
      without: { result: 'null' },
      tests: ['test/bundle/abandoned-bundles.test.ts'],
    },
    {
      file: 'src/engine/expire-gate.ts',
      functions: ['expireGate'],
      without: { result: 'Promise.resolve(null)' },
      tests: ['test/engine/expiring-gates.test.ts'],
    },
    {
      file: 'src/approvals/import-approval.ts',
      functions: ['composeRehearsal'],
      without: 'throws',
      tests: ['test/approvals/import-approval.test.ts'],
    },
    {
      file: 'src/approvals/openssh/verify-signature.ts',
      functions: ['verifySignature'],
      without: { returning: 'no(' },
      tests: [
        'test/approvals/judge-approval-cases.test.ts',
        'test/approvals/openssh/verify-signature.test.ts',
      ],
    },
    {
      file: 'src/engine/operators.ts',
      functions: ['assertOperator', 'assertLabel'],
      without: 'throws',
      tests: ['test/engine/operators.test.ts'],
    },
    {
      file: 'src/approvals/count-people.ts',
      functions: ['countPeople'],
      without: { result: 'arguments[0].length' },
      tests: ['test/approvals/judge-approval.test.ts'],
    },
    {
      file: 'src/approvals/same-person.ts',
      functions: ['findSamePeople'],
      without: { result: '() => false' },
      tests: ['test/approvals/same-person.test.ts'],
    },
    {
      file: 'src/approvals/openssh/allowed-signers.ts',
      functions: ['withoutWildcards'],
      without: { result: 'arguments[0]' },
      tests: ['test/approvals/judge-approval-cases.test.ts'],
    },
    {
      file: 'src/approvals/openssh/allowed-signers.ts',
      functions: ['mayListByPattern', 'mayListName'],
      without: { result: 'false' },
      tests: [
        'test/approvals/openssh/allowed-signers.test.ts',
        'test/approvals/openssh/verify-signature.test.ts',
      ],
    },
    {
      file: 'src/domain/person-names.ts',
      functions: ['isSameName'],
      without: { result: 'arguments[0] === arguments[1]' },
      tests: ['test/domain/person-names.test.ts', 'test/approvals/judge-approval.test.ts'],
    },
    {
      file: 'src/domain/person-names.ts',
      functions: ['isReservedName'],
      without: { result: 'false' },
      tests: ['test/domain/person-names.test.ts', 'test/engine/operators.test.ts'],
    },
  ],
  'a dry run cannot write, and code of others has no more power than its author': [
    {
      file: 'src/engine/run-effect.ts',
      functions: ['executeOrProbe'],
      without: { condition: "context.mode !== 'live'", holds: false },
      tests: ['test/engine/unapproved-writes.test.ts'],
    },
    {
      file: 'src/engine/check-live.ts',
      functions: ['assertLiveAllowed', 'assertFilesSafe', 'assertSwitchBeforeWrite'],
      without: 'throws',
      tests: ['test/engine/check-live.test.ts'],
    },
    {
      file: 'src/custom/load-module.ts',
      functions: ['assertWrittenByOwner'],
      without: 'throws',
      tests: ['test/custom/load-module.test.ts'],
    },
    {
      file: 'src/custom/assert-same-source.ts',
      functions: ['assertSameSource'],
      without: 'throws',
      tests: ['test/custom/install-module.test.ts'],
    },
    {
      file: 'src/tools/trusted-folders.ts',
      functions: ['findTrustedProgram'],
      without: {
        result:
          "process.env.PATH!.split(':').map((folder) => join(folder, program)).find(isExecutable) ?? null",
      },
      tests: ['test/tools/open-tools.test.ts'],
    },
    {
      file: 'src/effects/deploy/run-git.ts',
      functions: ['runGit'],
      without: { property: 'GIT_DIR' },
      tests: ['test/effects/deploy/hostile-repository.test.ts'],
    },
    {
      file: 'src/migration/harmless-functions.ts',
      functions: ['findFunctionRefusal'],
      without: { result: 'null' },
      tests: ['test/effects/migrate/qualify-checks.test.ts'],
    },
    {
      file: 'src/effects/migrate/ask-preflight.ts',
      functions: ['whyNotAsked'],
      without: { result: 'null' },
      tests: ['test/effects/migrate/ask-preflight.test.ts'],
    },
    {
      file: 'src/effects/migrate/same-definitions.ts',
      functions: ['findSameDefinitions'],
      without: { result: 'Promise.resolve(arguments[2].map(([{ name }]) => name))' },
      tests: ['test/effects/migrate/same-definitions.test.ts'],
    },
    {
      file: 'src/effects/migrate/run-guarded.ts',
      functions: ['runGuarded', 'assertSharedUnchanged'],
      without: 'throws',
      tests: ['test/effects/migrate/apply-in-transaction.test.ts'],
    },
    {
      file: 'src/effects/migrate/check-login.ts',
      functions: ['assertSameDatabase'],
      without: 'throws',
      tests: ['test/effects/migrate/ask-preflight.test.ts'],
    },
    {
      file: 'src/approvals/file-permissions.ts',
      functions: ['findWritableByOthers'],
      without: { returning: 'foreignOwnerFault' },
      tests: ['test/approvals/file-permissions.test.ts'],
    },
    {
      file: 'src/approvals/file-permissions.ts',
      functions: ['findWritableByOthers'],
      without: { returning: 'openToOthersFault' },
      tests: ['test/approvals/file-permissions.test.ts'],
    },
    {
      file: 'src/approvals/file-permissions.ts',
      functions: ['findWritableByThisProcess'],
      without: { returning: '{' },
      tests: ['test/approvals/file-permissions.test.ts'],
    },
  ],
  'secrets stay outside': [
    {
      file: 'src/engine/check-secrets.ts',
      functions: ['assertNoSecretWords', 'assertNoSecretInput', 'assertNoSecretReport'],
      without: 'throws',
      tests: ['test/engine/check-secrets.test.ts'],
    },
    {
      file: 'src/secrets/patterns.ts',
      functions: ['redactSecretForms'],
      without: { result: 'arguments[0]' },
      tests: ['test/secrets/patterns.test.ts'],
    },
    {
      file: 'src/secrets/key-names.ts',
      functions: ['findSecretKey'],
      without: { result: 'null' },
      tests: ['test/secrets/key-names.test.ts'],
    },
    {
      file: 'src/secrets/redaction.ts',
      functions: ['compilePattern'],
      without: { result: 'NOTHING' },
      tests: ['test/secrets/redaction.test.ts'],
    },
  ],
  'text of others never forms a line of its own': [
    {
      file: 'src/domain/visible.ts',
      functions: ['visible'],
      without: { result: 'arguments[0]' },
      tests: ['test/domain/visible.test.ts', 'test/domain/markdown.test.ts'],
    },
    {
      file: 'src/domain/markdown.ts',
      functions: ['prose', 'code', 'nameSpan'],
      without: { result: 'new Markdown(arguments[0])' },
      tests: ['test/domain/markdown.test.ts'],
    },
    {
      file: 'src/cli/line.ts',
      functions: ['renderLine'],
      without: {
        result: "[arguments[0]].flat().map((part) => (typeof part === 'string' ? part : part.text)).join('')",
      },
      tests: ['test/cli/line.test.ts'],
    },
  ],
}

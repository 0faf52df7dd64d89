import { defineConfig } from 'vitest/config'
import { moduleOfYaml } from './src/build/yaml-as-data.mjs'

// Servers of some tests run as another user, who must be able to read what the tests write for them.
process.umask(0o022)

// As src/build/yaml-as-data.mjs does for the build.
export const yamlAsData = {
  name: 'yaml',
  transform: (text: string, id: string) => (id.endsWith('.yaml') ? moduleOfYaml(text) : null),
}

// `main` is what `npm test` runs; the long suites have scripts of their own.
const project = (name: string, include: string[], exclude: string[] = []) => ({
  plugins: [yamlAsData],
  test: {
    name,
    include,
    exclude,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // A loaded machine may take seconds for what is awaited.
    expect: { poll: { timeout: 30_000 } },
    // Two cores: more workers only make embedded servers start slower.
    maxWorkers: 2,
  },
})

// The built program with real servers behind it, story by story: minutes each. `main` keeps the ones that tell of the whole way.
const program = [
  'test/builtin/released-runs.test.ts',
  'test/targets/postgres/retries.test.ts',
  'test/cli/address-conflict.test.ts',
  'test/cli/approvals.test.ts',
  'test/cli/batch.test.ts',
  'test/cli/bundle.test.ts',
  'test/cli/changes-during-write.test.ts',
  'test/cli/clock-went-back.test.ts',
  'test/cli/concurrency.test.ts',
  'test/cli/configured-target.test.ts',
  'test/cli/custom-machine.test.ts',
  'test/cli/deploy.test.ts',
  'test/cli/document-export.test.ts',
  'test/cli/document-in-force.test.ts',
  'test/cli/drift.test.ts',
  'test/cli/explain.test.ts',
  'test/cli/full-disk.test.ts',
  'test/cli/gate-bypass.test.ts',
  'test/cli/hold.test.ts',
  'test/cli/lost-journal.test.ts',
  'test/cli/machine-test.test.ts',
  'test/cli/machine-versions.test.ts',
  'test/cli/migrate-after-commit.test.ts',
  'test/cli/migrate-bundle-commands.test.ts',
  'test/cli/migrate-checks.test.ts',
  'test/cli/migrate-conflicts.test.ts',
  'test/cli/migrate-deviations.test.ts',
  'test/cli/migrate-hidden-objects.test.ts',
  'test/cli/migrate-managed-servers.test.ts',
  'test/cli/migrate-plan.test.ts',
  'test/cli/migrate-run.test.ts',
  'test/cli/migrate-server-versions.test.ts',
  'test/cli/migrate-tools.test.ts',
  'test/cli/migrate-two-schemas.test.ts',
  'test/cli/migrate-unstable-texts.test.ts',
  'test/cli/migrate-unsuitable-servers.test.ts',
  'test/cli/migrate-unusual-databases.test.ts',
  'test/cli/migrate-wrong-bundles.test.ts',
  'test/cli/missing-rehearsal.test.ts',
  'test/cli/mistakes/mistakes.test.ts',
  'test/cli/mistaken-machine.test.ts',
  'test/cli/named-gates.test.ts',
  'test/cli/plan.test.ts',
  'test/cli/planted-text.test.ts',
  'test/cli/policy.test.ts',
  'test/cli/reading-only.test.ts',
  'test/cli/recut.test.ts',
  'test/cli/secrets.test.ts',
  'test/cli/stale-store.test.ts',
  'test/cli/story-log.test.ts',
  'test/cli/store.test.ts',
  'test/cli/swapped-module.test.ts',
  'test/cli/target-init.test.ts',
  'test/cli/tools.test.ts',
  'test/cli/void.test.ts',
  'test/cli/ways-out.test.ts',
  'test/cli/wrong-input.test.ts',
  'test/docs/json-answers.test.ts',
  'test/docs/runnable.test.ts',
  'test/document/scan-growth.test.ts',
  'test/effects/deploy/activate.test.ts',
  'test/effects/deploy/appeared.test.ts',
  'test/effects/deploy/deploy-machine.test.ts',
  'test/effects/deploy/old-releases.test.ts',
  'test/effects/deploy/release-changes.test.ts',
  'test/effects/deploy/pasted-rollback.test.ts',
  'test/effects/deploy/replace.test.ts',
  'test/effects/deploy/hosts-as-they-are.test.ts',
  'test/effects/deploy/shared-and-mutable.test.ts',
  'test/effects/migrate/named-servers.test.ts',
  'test/effects/migrate/same-definitions.test.ts',
  'test/effects/rollback/rollback-machine.test.ts',
  'test/service/machines/test-machine.test.ts',
  'test/targets/embedded/server-lock.test.ts',
  'test/http/restart.test.ts',
  'test/http/runs.test.ts',
  'test/cli/through-service.test.ts',
  'test/client/ask-service.test.ts',
  'test/targets/postgres/pooler.test.ts',
  'test/store/sync-count.test.ts',
  'test/targets/ssh/control-connection.test.ts',
  'test/targets/ssh/open-host.test.ts',
  'test/vectors/vectors.test.ts',
]

export default defineConfig({
  test: {
    projects: [
      project(
        'main',
        ['test/**/*.test.ts'],
        [
          'test/crash/**',
          'test/languages/**',
          'test/package/**',
          'test/page/**',
          'test/weakened/weakened.test.ts',
          ...program,
        ],
      ),
      project('program', program),
      project('crash', ['test/crash/**/*.test.ts']),
      project('package', ['test/package/**/*.test.ts']),
      project('page', ['test/page/**/*.test.ts']),
      project('languages', ['test/languages/**/*.test.ts']),
      project('weakened', ['test/weakened/weakened.test.ts']),
    ],
  },
})

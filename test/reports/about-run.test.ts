import { expect, test } from 'vitest'
import { aboutRun } from '../../src/reports/about-run.ts'

const LONG = `/srv/${'very-long-folder/'.repeat(20)}app-2`

test.each<[string, Parameters<typeof aboutRun>[0], string]>([
  [
    'a migration by the name of its bundle',
    {
      machine: 'migrate',
      input: { bundle: `/var/uploads/bundle-${'a'.repeat(64)}`, target: 'shop' },
      output: { bundle: 'add-reviews' },
    },
    'add-reviews on shop',
  ],
  [
    'a migration that has not read its bundle by the folder',
    { machine: 'migrate', input: { bundle: '/srv/reviews', target: 'shop' }, output: {} },
    'reviews on shop',
  ],
  ['a cut', { machine: 'cut', input: { document: 'LAW', target: 'embedded' } }, 'LAW into embedded'],
])('aboutRun names %s', (_, run, about) => expect(aboutRun(run)).toBe(about))

test('aboutRun keeps the end of a long path, which says which one it is', () => {
  const input = { source: '/srv/app', commit: 'a'.repeat(40), host: 'web', path: LONG }
  const about = aboutRun({ machine: 'deploy', input })
  expect(about).toMatch(/^app at a{40} to web:\/srv\/very-long.*….*\/app-2$/)
  expect(about.length).toBeLessThanOrEqual(240)
})

test('aboutRun cuts nothing of a path of usual length', () => {
  const path = `/srv/${'releases-of-a-service/'.repeat(5)}app-2`
  const input = { source: '/srv/app', commit: 'a'.repeat(40), host: 'web', path }
  expect(aboutRun({ machine: 'deploy', input })).toContain(path)
})

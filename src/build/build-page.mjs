// Builds the page that `cutter serve` shows: dist/page. Browsers load nothing else.
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Bundles the page in one script. Nothing of it belongs to what Node runs. */
export async function buildPage(root, dist) {
  const out = join(dist, 'page')
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  const source = join(root, 'src/http/page')
  for (const name of ['index.html', 'icon.svg']) cpSync(join(source, name), join(out, name))
  await build({
    absWorkingDir: root,
    entryPoints: { page: join(source, 'page.tsx'), style: join(source, 'page.css') },
    outdir: out,
    bundle: true,
    platform: 'browser',
    // The first ones with light-dark() in CSS.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
}

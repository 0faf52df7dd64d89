import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { pageFile } from '../service/page/page-files.ts'
import type { Service } from '../service/serve.ts'
import { assertOwnHost } from './guard.ts'
import { problemOf } from './problem.ts'

/** Nothing but the service's own files is loaded, nothing runs inline, and no other page shows this one. */
const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy':
    'publickey-credentials-create=(self), publickey-credentials-get=(self), camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  vary: 'accept-encoding',
}

/** Addresses of the page. Each is answered with the same file, which then shows its view. */
const VIEWS = ['/', '/runs', '/runs/:run', '/runs/:run/gate', '/documents', '/keys', '/sign-in']
const TYPES: { [ending: string]: string } = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
}
const FILES = ['page.js', 'style.css', 'icon.svg']

/** All paths of the page, as Hono reads them. */
export const PAGE_PATHS = [...VIEWS, ...FILES.map((name) => `/page/${name}`)]

/** What was compressed already, by name. The files do not change while the process lives. */
const compressed = new Map<string, Promise<Buffer>>()

/** Answers a file of the page. It needs no token: it holds nothing of a home. */
export async function answerPage(
  service: Service,
  hosts: Set<string> | null,
  request: Request,
): Promise<Response> {
  try {
    assertOwnHost(request, hosts)
    const { pathname } = new URL(request.url)
    const name = pathname.startsWith('/page/') ? basename(pathname) : 'index.html'
    const type = TYPES[name.split('.').at(-1)!]!
    const wantsBrotli = /\bbr\b/.test(request.headers.get('accept-encoding') ?? '')
    const headers = { ...HEADERS, 'content-type': type, ...(wantsBrotli ? { 'content-encoding': 'br' } : {}) }
    const bytes = wantsBrotli ? await brotliOf(name) : await readFile(pageFile(name))
    return new Response(new Uint8Array(bytes), { headers })
  } catch (error) {
    const problem = service.redact(problemOf(error, []))
    return new Response(`${JSON.stringify(problem)}\n`, {
      status: problem.status,
      headers: { ...HEADERS, 'content-type': 'application/problem+json' },
    })
  }
}

function brotliOf(name: string): Promise<Buffer> {
  const made =
    compressed.get(name) ??
    readFile(pageFile(name)).then((bytes) =>
      brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
    )
  compressed.set(name, made)
  return made
}

import { existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { join } from 'node:path'

/**
 * A program that runs on the host of a deploy for as long as nothing stops it. It answers with the text of the file VERSION of the folder
 * in which it was started, and with `gone` where that file is missing.
 */
export interface LiveProgram {
  /** A command that starts the program in the folder to which `current` leads, instead of the running one. Without `current` it stops it. */
  restart: string[]
  /** A command that ends with 0 when the program answers with this text. */
  answers(text: string): string[]
  /** What the running program answers; null when none runs. */
  ask(): Promise<string | null>
  /** The folder in which it runs; null when none runs. */
  folder(): string | null
  stop(): void
}

const SERVE = `import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try: text = open('VERSION').read()
        except OSError: text = 'gone'
        self.send_response(200); self.end_headers(); self.wfile.write(text.encode())
    def log_message(self, *_): pass
server = http.server.HTTPServer(('127.0.0.1', 0), Answer)
open(sys.argv[1] + '/port.new', 'w').write(str(server.server_port))
os.rename(sys.argv[1] + '/port.new', sys.argv[1] + '/port')
server.serve_forever()
`

const RESTART = `root=$1; here=$2
[ ! -f "$root/pid" ] || kill "$(cat "$root/pid")" 2>/dev/null
rm -f "$root/pid" "$root/port"
echo "restart in $PWD" >>"$root/restarts"
[ -e "$root/current" ] || exit 0
cd -P -- "$root/current" || exit 1
python3 "$here/serve.py" "$root" &
echo $! >"$root/pid"
tries=0
until [ -f "$root/port" ]; do tries=$((tries + 1)); [ $tries -lt 200 ] || exit 1; sleep 0.05; done
`

const ASK = `import sys, urllib.request
port = open(sys.argv[1] + '/port').read()
sys.exit(0 if urllib.request.urlopen('http://127.0.0.1:' + port).read().decode() == sys.argv[2] else 'another answer')
`

/** Writes the program's scripts into `folder`. `root`: the folder on the host that holds `current`. */
export function createLiveProgram(folder: string, root: string): LiveProgram {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  file('serve.py', SERVE)
  const restart = file('restart.sh', RESTART)
  const asks = file('ask.py', ASK)
  const read = (name: string) =>
    existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8').trim() : null
  return {
    restart: ['sh', restart, root, folder],
    answers: (text) => ['python3', asks, root, text],
    ask() {
      const port = read('port')
      if (port === null) return Promise.resolve(null)
      return new Promise((resolve) => {
        get(`http://127.0.0.1:${port}`, async (response) => {
          const chunks: Buffer[] = []
          for await (const chunk of response) chunks.push(chunk as Buffer)
          resolve(Buffer.concat(chunks).toString())
        }).on('error', () => resolve(null))
      })
    },
    folder() {
      const pid = read('pid')
      try {
        return pid === null ? null : readlinkSync(`/proc/${pid}/cwd`)
      } catch {
        // It has ended meanwhile.
        return null
      }
    },
    stop() {
      const pid = read('pid')
      if (pid !== null && existsSync(`/proc/${pid}`)) process.kill(Number(pid))
    },
  }
}

import type { Forgery, Good } from './forgery.ts'

/** A header of 512 bytes with the right checksum. */
function withSum(header: Buffer): Buffer {
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** Archives in another form than the one that a set of files has. */
export function archiveForgeries({ tar: good }: Good): Forgery[] {
  const first = (change: (header: Buffer) => void) => {
    const tar = Buffer.from(good)
    const header = Buffer.from(tar.subarray(0, 512))
    change(header)
    withSum(header).copy(tar)
    return tar
  }
  const size = Number.parseInt(good.toString('latin1', 124, 135), 8)
  const end = 512 + Math.ceil(size / 512) * 512
  const [entry, rest] = [good.subarray(0, end), good.subarray(end)]
  const block = (name: string, type: string, content = '', change: (header: Buffer) => void = () => {}) => {
    const header = Buffer.from(good.subarray(0, 512))
    header.fill(0, 0, 100)
    header.write(name)
    header.write(`${content.length.toString(8).padStart(11, '0')} `, 124)
    header.write(type, 156)
    change(header)
    const data = Buffer.alloc(Math.ceil(content.length / 512) * 512)
    data.write(content)
    return Buffer.concat([withSum(header), data])
  }
  const tail = (more: Buffer) =>
    Buffer.concat([good.subarray(0, good.length - 1024), more, Buffer.alloc(1024)])
  const rows: [string, Buffer][] = [
    ['the first file twice', Buffer.concat([entry, good])],
    ['the first file last', Buffer.concat([rest.subarray(0, rest.length - 1024), entry, Buffer.alloc(1024)])],
    ['a file with ./ in front', first((header) => header.write('./MANIFEST.sha256'))],
    ['an absolute name', first((header) => header.write('/MANIFEST.sha256'))],
    ['a name that leads up', tail(block('../x', '0', 'x'))],
    ['a folder', tail(block('evidence/', '5'))],
    ['a symbolic link', tail(block('zz', '2', '', (header) => header.write('/etc/passwd', 157)))],
    ['a hard link', tail(block('zz', '1', '', (header) => header.write('run.json', 157)))],
    ['a pax header', Buffer.concat([block('x', 'x', '12 path=zz\n'), good])],
    ['a global pax header', Buffer.concat([block('x', 'g', '19 comment=hello\n'), good])],
    ['a long name of GNU', Buffer.concat([block('././@LongLink', 'L', 'run.json\0'), good])],
    ['a sparse file of GNU', first((header) => header.write('S', 156))],
    ['an old type', first((header) => header.write('\0', 156))],
    ['another mode', first((header) => header.write('000755', 100))],
    ['another owner', first((header) => header.write('001750', 108))],
    ['a name of an owner', first((header) => header.write('root', 265))],
    ['a time', first((header) => header.write('00000000001', 136))],
    ['a prefix', first((header) => header.write('folder', 345))],
    ['a size with blanks', first((header) => header.write(' ', 124))],
    [
      'a size in base 256',
      first((header) => {
        header[124] = 0x80
      }),
    ],
    ['a size beyond the end', first((header) => header.write('77777777777', 124))],
    [
      'a wrong checksum',
      (() => {
        const tar = Buffer.from(good)
        tar[148] = 0x37
        return tar
      })(),
    ],
    ['the magic of GNU', first((header) => header.write('ustar  \0', 257))],
    [
      'padding that is not NUL',
      (() => {
        const tar = Buffer.from(good)
        tar[end - 1] = 1
        return tar
      })(),
    ],
    ['one block at the end', good.subarray(0, good.length - 512)],
    ['no block at the end', good.subarray(0, good.length - 1024)],
    ['bytes after the end', Buffer.concat([good, Buffer.from('x')])],
    ['a second archive after the end', Buffer.concat([good, good])],
    ['a file after the end', Buffer.concat([good, block('zz', '0', 'x'), Buffer.alloc(1024)])],
    ['a cut file', good.subarray(0, good.length - 1500)],
    ['half a header', good.subarray(0, 700)],
    ['a name with a line break', tail(block('zz\nbundle   holds', '0', 'x'))],
    ['a name with a right-to-left override', tail(block('zz\u202e', '0', 'x'))],
    ['a name in capitals of another file', tail(block('RUN.JSON', '0', 'x'))],
    ['an empty name', tail(block('', '0', 'x'))],
  ]
  return rows.map(([name, tar]) => ({ name: `archive: ${name}`, tar, exit: 1 }))
}

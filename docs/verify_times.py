#!/usr/bin/env python3
"""Checks the proofs of time in an evidence bundle of Cutter, as docs/evidence-format.md specifies them. Needs Python 3.8, and openssl for time tokens.
Run it on a bundle that verify.py accepts: this program checks nothing else.
Exit codes: 0 everything that was asked for is proven, 2 usage, 3 something is not."""
import argparse, base64, datetime, hashlib, io, json, os, pathlib, re, subprocess, sys, tarfile, tempfile

P, ORDER = 2 ** 255 - 19, 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    """Adds two points of the curve Ed25519 in extended coordinates (RFC 8032, section 5.1.4)."""
    one, two = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    three, four = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = two - one, four - three, four + three, two + one
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(count, point):
    total = (0, 1, 1, 0)
    while count > 0:
        total = add(total, point) if count & 1 else total
        point, count = add(point, point), count >> 1
    return total


def point_of(data):
    """Reads a point; ValueError when the bytes name none (section 5.1.3)."""
    y, sign = int.from_bytes(data, 'little') & 2 ** 255 - 1, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P: x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or y >= P or (x == 0 and sign): raise ValueError('no point of the curve')
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, 'little'))


def is_signed(key, signature, message):
    """Verifies a signature of Ed25519 (section 5.1.7)."""
    try: r, public = point_of(signature[:32]), point_of(key)
    except ValueError: return False
    s, hashed = int.from_bytes(signature[32:], 'little'), hashlib.sha512(signature[:32] + key + message).digest()
    left, right = times(s, BASE), add(r, times(int.from_bytes(hashed, 'little') % ORDER, public))
    return s < ORDER and (left[0] * right[2] - right[0] * left[2]) % P == 0 == (left[1] * right[2] - right[1] * left[2]) % P


def openssl(*args, **files):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items(): pathlib.Path(folder, name).write_bytes(data)
        done = subprocess.run(['openssl', *args], cwd=folder, capture_output=True, env={'PATH': os.environ['PATH'], 'LC_ALL': 'C'})
        return done.stdout.decode(errors='replace') if done.returncode == 0 else None


def time_of_token(token, data, authorities):
    """The time of a token of these bytes, if an authority in the checker's file made it."""
    found = re.search(r'^Time stamp: (\w{3} +\d+ [\d:]{8})(?:\.\d+)? (\d{4}) GMT$', openssl('ts', '-reply', '-in', 'token', '-text', token=token) or '', re.M)
    if found is None: return None
    at = datetime.datetime.strptime(f'{found[1]} {found[2]} +0000', '%b %d %H:%M:%S %Y %z')
    holds = openssl('ts', '-verify', '-in', 'token', '-digest', hashlib.sha256(data).hexdigest(), '-CAfile', 'ca', '-attime', str(int(at.timestamp())), token=token, ca=authorities)
    return None if holds is None else at.isoformat()


def root_of(leaf, index, size, proof):
    """The root of the tree that a leaf and its inclusion proof give (RFC 9162, section 2.1.3.2)."""
    root, place, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0: return None
        if place & 1 or place == last:
            root = hashlib.sha256(b'\1' + sibling + root).digest()
            while not place & 1 and place: place, last = place >> 1, last >> 1
        else: root = hashlib.sha256(b'\1' + root + sibling).digest()
        place, last = place >> 1, last >> 1
    return root if last == 0 and index < size else None


def time_of_witness(proof, closeout, keys):
    """The time at which a witness in the checker's file cosigned a log that holds the closeout."""
    number, line, key_line = '(0|[1-9][0-9]{0,14})', '[A-Za-z0-9+/]{43}=\n', r'([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)'
    found = re.fullmatch(rf'c2sp\.org/tlog-proof@v1\nindex {number}\n((?:{line})*)\n([^\n]+\n{number}\n({line}))\n(.+)', proof.decode(), re.S)
    if found is None: return None
    hashes, text = [base64.b64decode(one) for one in found[2].split('\n')[:-1]], found[3]
    if root_of(hashlib.sha256(b'\0' + closeout).digest(), int(found[1]), int(found[4]), hashes) != base64.b64decode(found[5]): return None
    for row in keys.decode().split('\n'):
        known = re.fullmatch(key_line, row.strip())
        if known is None: continue
        for signed in found[6].split('\n')[:-1]:
            name, encoded = (signed.split(' ') + ['', ''])[1:3]
            data, material = base64.b64decode(encoded), base64.b64decode(known[3])
            names = name == known[1] and data[:4].hex() == known[2] == hashlib.sha256(f'{name}\n'.encode() + material).hexdigest()[:8]
            message = f"cosignature/v1\ntime {int.from_bytes(data[4:12], 'big')}\n{text}".encode()
            if names and material[0] == 4 and len(data) == 76 and is_signed(material[1:], data[12:], message): return int.from_bytes(data[4:12], 'big')
    return None


def main():
    cli = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    cli.add_argument('bundle', type=argparse.FileType('rb'))
    cli.add_argument('--timestamp-ca', type=argparse.FileType('rb'), help='certificates of time-stamping authorities whom you trust (PEM)')
    cli.add_argument('--witnesses', type=argparse.FileType('rb'), help='keys of witnesses whom you trust, one on each line')
    options = cli.parse_args()
    with tarfile.open(fileobj=io.BytesIO(options.bundle.read())) as tar: files = {one.name: tar.extractfile(one).read() for one in tar.getmembers()}
    if 'closeout.json' not in files: print(json.dumps({'times': {}, 'unmet': ['closeout']})); return 3
    counted = [one['approvalId'] for one in json.loads(files['closeout.json'])['predicate']['approvals'] if one['kind'] == 'signed']
    due, found, unmet = {**{name: files[f'approvals/{name}.json.sig'] for name in counted}, 'closeout': files['closeout.json.sig']}, {}, []
    authorities = options.timestamp_ca and options.timestamp_ca.read()
    for name, data in due.items() if authorities is not None else ():
        found[f'times/{name}.tsr'] = time_of_token(files.get(f'times/{name}.tsr', b''), data, authorities)
    if options.witnesses: found['witnesses/closeout.txt'] = time_of_witness(files.get('witnesses/closeout.txt', b''), files['closeout.json'], options.witnesses.read())
    unmet = [path for path, at in found.items() if at is None]
    print(json.dumps({'times': found, 'unmet': unmet})); return 3 if unmet else 0


if __name__ == '__main__': sys.exit(main())

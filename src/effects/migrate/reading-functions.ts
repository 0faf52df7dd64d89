/**
 * The functions by which a target is read (migrations/target/0009_reading.sql), by the SHA-256 of their bodies. A target that is updated gets them
 * while runs wait that were planned without them. They read a view, with the rights of their caller, and nothing calls them, so that
 * they are no part of a database's catalogue. A function that differs in anything is.
 */
export const READING_FUNCTIONS: { [name: string]: string } = {
  in_force_at: 'c5864e3d1e92c0f0c6134c79eca0114d0e32eb3e3e0917dace4d989dbd896757',
  in_force_on: '7466d1847d0a2ec86c71ec935cb1f1d0f2c0a191a5f2fec87e4ac4e6c8698b42',
  history: '6361795b6f70c575f8c061967de1809dcc450a475ee0149373fb3deadd9d18e1',
  search: 'e38fda81804760a7a81306333afc792fe8bc2c5b76343b26e5c602bf8cef78ba',
}

/** The condition that a function `p` in a namespace `n` is one of them. */
export const isReadingFunction = `(n.nspname = 'cutter_reading' and p.prokind = 'f' and not p.prosecdef and not p.proleakproof and p.provolatile = 's'
   and p.proconfig is null and p.prolang = (select oid from pg_language where lanname = 'sql')
   and p.proname || ' ' || encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex') in (${Object.entries(
     READING_FUNCTIONS,
   )
     .map(([name, digest]) => `'${name} ${digest}'`)
     .join(', ')}))`

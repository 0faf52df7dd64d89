/** What the copies of a database give to the roles of its source, and which of their powers they do not give. */

/** The server's own roles that concern data only. Another such role reads the password of every role, as it is stored. */
export const DATA_ROLES = ['pg_write_all_data', 'pg_maintain']
export const READS_PASSWORDS = 'pg_read_all_data'

/** The roles that RDS, Cloud SQL, AlloyDB and Azure give to administrators instead of a superuser. */
export const OF_PROVIDERS = ['rds_superuser', 'cloudsqlsuperuser', 'alloydbsuperuser', 'azure_pg_admin']

/**
 * Extensions that PostgreSQL does not trust and whose functions, for a role without power, reach nothing outside of the database: no
 * file, no other server, no program, no language.
 */
const APPROVED = new Set([
  'address_standardizer',
  'adminpack',
  'amcheck',
  'autoinc',
  'bloom',
  'earthdistance',
  'hll',
  'hypopg',
  'insert_username',
  'intagg',
  'ip4r',
  'moddatetime',
  'old_snapshot',
  'pageinspect',
  'pg_buffercache',
  'pg_freespacemap',
  'pg_partman',
  'pg_prewarm',
  'pg_repack',
  'pg_stat_statements',
  'pg_surgery',
  'pg_visibility',
  'pg_walinspect',
  'pgrouting',
  'pgrowlocks',
  'pgstattuple',
  'postgis',
  'postgis_tiger_geocoder',
  'postgis_topology',
  'refint',
  'sslinfo',
  'vector',
  'xml2',
])

/** Whether code of a role without power may use an extension, although PostgreSQL does not trust it. */
export const isApproved = (name: string): boolean => APPROVED.has(name)

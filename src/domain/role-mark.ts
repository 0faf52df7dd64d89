/** The comment on roles that Cutter created on rehearsal servers, so that it uses and drops no others. */
export const ROLE_MARK = 'made by cutter for rehearsals'

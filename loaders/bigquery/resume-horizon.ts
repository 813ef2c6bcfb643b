/**
 * A run that stopped can be resumed for so long, in days: what it staged must stay, its temporary tables live a day more, and its job may be
 * sent (again) until then. BigQuery knows the ids of jobs for much longer (180 days), so that one which was sent is found.
 */
export const RESUME_HORIZON_DAYS = 7;

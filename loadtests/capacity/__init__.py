"""What calls cost a host: measured for `deskside plan`, and its plans tried."""

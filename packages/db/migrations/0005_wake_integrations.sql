-- A new credential of the provider may open any company's context: the system has what does not work verified again.
GRANT UPDATE (verify_due_at) ON ksef_integrations TO fleet_system;

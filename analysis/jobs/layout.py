"""Names of the files in a job's folder, which whoever follows a job and the process of the job both use."""

JOB = "job.json"
EVENTS = "events.jsonl"
OUT = "out"
PREDICTIONS = "predictions.json"

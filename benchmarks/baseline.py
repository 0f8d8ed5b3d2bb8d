"""What a cold start is held against: one DynamoDB client, and nothing else."""

import botocore.session

botocore.session.get_session().create_client("dynamodb")

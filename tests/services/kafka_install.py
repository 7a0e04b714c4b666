"""Fetches Apache Kafka's jars from Maven Central."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.services.programs import KAFKA_LIBS, KAFKA_VERSION

_LOG4J_VERSION = "2.25.4"  # the one Kafka brings the core of

# The log4j binding is there so that a broker that does not start says why.
_POM = f"""\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>floorcast</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>{_LOG4J_VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


def install_kafka() -> bool:
    """Copy Kafka and all it needs into KAFKA_LIBS, whole or not at all; False when Maven failed."""
    KAFKA_LIBS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KAFKA_LIBS.parent, prefix="fetching-") as folder:
        pom = Path(folder) / "pom.xml"
        pom.write_text(_POM, encoding="utf-8")
        jars = Path(folder) / "libs"
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"]
        done = subprocess.run(
            ["mvn", "-q", "-B", "-f", pom, *goal, f"-DoutputDirectory={jars}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            print(done.stdout[-3000:] + done.stderr[-3000:], file=sys.stderr)
            return False
        shutil.rmtree(KAFKA_LIBS, ignore_errors=True)
        jars.rename(KAFKA_LIBS)
    return True

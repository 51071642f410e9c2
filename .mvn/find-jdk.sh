# Sets JAVA_HOME to a JDK 25 or newer; sourced by mvnw and muster, so that a machine whose default java is older
# still builds and runs. Looks at JAVA_HOME first, then at the usual folders, then at the java on the PATH.

muster_jdk_major() { # home of a JDK -> its major version, or 0
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] || { echo 0; return; }
  version=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null)
  echo "${version:-0}"
}

muster_find_jdk() {
  wanted=25
  set +f # mvnw switches globbing off; the folders below need it
  on_path=$(command -v javac 2>/dev/null) && on_path=$(readlink -f "$on_path" 2>/dev/null) && on_path=${on_path%/bin/javac}
  for home in "${JAVA_HOME-}" /usr/lib/jvm/*"$wanted"* /usr/lib/jvm/* /opt/java/* /opt/jdk* "$HOME"/.sdkman/candidates/java/* \
    "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home "${on_path-}"; do
    [ -n "$home" ] || continue
    if [ "$(muster_jdk_major "$home")" -ge "$wanted" ]; then
      JAVA_HOME=$home
      export JAVA_HOME
      return 0
    fi
  done
  echo "Muster needs a JDK $wanted or newer, and none was found in JAVA_HOME or the usual folders." >&2
  echo "Install one, for example Temurin $wanted (https://adoptium.net), or set JAVA_HOME to it, and try again." >&2
  return 1
}

muster_find_jdk || exit 1

import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import javax.servlet.ServletException;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.HandlerWrapper;

/** Starts DynamoDB Local on a free port of 127.0.0.1, and prints the port.
 *  Its own command listens on all addresses of the machine, and no option changes that.
 */
class LoopbackServer {
    public static void main(String[] options) throws Exception {
        DynamoDBProxyServer dynamodb = ServerRunner.createServerFromCommandLineArgs(options);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        Server server = (Server) field.get(dynamodb);
        ServerConnector connector = (ServerConnector) server.getConnectors()[0];
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        server.insertHandler(new Guard(connector));
        dynamodb.start();
        System.out.println("listening on " + connector.getLocalPort());
        System.in.read(); // until the tests end, also when they are killed
        dynamodb.stop();
        System.exit(0);
    }
}

/** Refuses what a web page sends: DynamoDB Local takes any Host and checks no signature.
 *  No page has a use for this port, so a request with an Origin is refused, whichever it is.
 */
class Guard extends HandlerWrapper {
    private static final Set<String> OWN_SITES = Set.of("none", "same-origin");
    private final ServerConnector connector;

    Guard(ServerConnector connector) {
        this.connector = connector;
    }

    @Override
    public void handle(
            String target, Request base, HttpServletRequest request, HttpServletResponse response)
            throws IOException, ServletException {
        boolean isOwnHost = headers(request, "Host").equals(List.of("127.0.0.1:" + connector.getLocalPort()));
        boolean isOfPage = !headers(request, "Origin").isEmpty()
                || !OWN_SITES.containsAll(headers(request, "Sec-Fetch-Site"));
        boolean isAbsolute = !base.getOriginalURI().startsWith("/"); // it names a host of its own
        if (isOwnHost && !isOfPage && !isAbsolute) {
            super.handle(target, base, request, response);
            return;
        }
        response.sendError(HttpServletResponse.SC_FORBIDDEN);
        base.setHandled(true);
    }

    private static List<String> headers(HttpServletRequest request, String name) {
        return Collections.list(request.getHeaders(name));
    }
}

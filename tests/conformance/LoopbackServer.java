import com.amazonaws.services.dynamodbv2.local.main.ServerRunner;
import com.amazonaws.services.dynamodbv2.local.server.DynamoDBProxyServer;
import java.lang.reflect.Field;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Starts DynamoDB Local on a free port of 127.0.0.1, and prints the port.
 *  Its own command listens on all addresses of the machine, and no option changes that.
 */
class LoopbackServer {
    public static void main(String[] options) throws Exception {
        DynamoDBProxyServer dynamodb = ServerRunner.createServerFromCommandLineArgs(options);
        Field field = DynamoDBProxyServer.class.getDeclaredField("server");
        field.setAccessible(true);
        ServerConnector connector = (ServerConnector) ((Server) field.get(dynamodb)).getConnectors()[0];
        connector.setHost("127.0.0.1");
        connector.setPort(0);
        dynamodb.start();
        System.out.println("listening on " + connector.getLocalPort());
        System.in.read(); // until the tests end, also when they are killed
        dynamodb.stop();
        System.exit(0);
    }
}
